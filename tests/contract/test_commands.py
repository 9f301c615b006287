"""Every command is documented, has examples that parse, and takes what SkyPilot's users type."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from stix.cli import reference
from stix.errors import EXIT_STATUS

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = dict(reference.commands())
LEAVES = {path: command for path, command in COMMANDS.items() if not isinstance(command, click.Group)}
GIVES_DATA = LEAVES.keys() - {"stix completion", "stix playbook", "stix ansible"}

SKYPILOT = {
    "stix up": "-c --cluster --dryrun -d --detach-run -n --name --workdir --infra --num-nodes --cpus "
    "--memory --disk-size --image-id --env --env-file --secret --secret-file --gpus --ports -i "
    "--idle-minutes-to-autostop --wait-for --down "
    "-r --retry-until-up -y --yes --no-setup --fast --git-url --git-ref",
    "stix exec": "-c --cluster -d --detach-run -n --name --workdir --infra --num-nodes --cpus --memory --disk-size "
    "--image-id --env --env-file --secret --secret-file --gpus --ports --git-url --git-ref",
    "stix status": "-r --refresh --ip -v --verbose -u --all-users -o --output",
    "stix queue": "-s --skip-finished -u --all-users -o --output",
    "stix logs": "-s --sync-down --status --follow --no-follow --tail -w --worker",
    "stix cancel": "-a --all -u --all-users -y --yes",
    "stix stop": "-a --all -u --all-users -y --yes --graceful --graceful-timeout",
    "stix start": "-a --all -y --yes -i --idle-minutes-to-autostop --wait-for --down -r --retry-until-up -f --force",
    "stix autostop": "-a --all -u --all-users -i --idle-minutes --wait-for --cancel --down -y --yes",
    "stix down": "-a --all -u --all-users -y --yes -p --purge --graceful --graceful-timeout",
    "stix check": "-v --verbose -o --output",
    "stix ssh up": "--infra -f --file",
    "stix ssh down": "--infra",
}
"""Flags of SkyPilot 0.14's commands that stix takes with the same meaning."""


def examples(command: click.Command) -> Iterator[str]:
    _, _, text = (command.help or "").partition("Examples:\n")
    for line in text.splitlines():
        if line.strip():
            yield line.strip()


@pytest.mark.parametrize("path", SKYPILOT)
def test_skypilots_flags_are_taken(path: str) -> None:
    known = {word for option in COMMANDS[path].params for word in (*option.opts, *option.secondary_opts)}
    assert set(SKYPILOT[path].split()) <= known


@pytest.mark.parametrize("path", COMMANDS)
def test_help_has_a_sentence_and_examples(path: str) -> None:
    command = COMMANDS[path]
    assert (command.help or "").split("\n")[0].endswith(".")
    assert list(examples(command))
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, f"{path} {option.name}"


@pytest.mark.parametrize(
    "line", [line for command in COMMANDS.values() for line in examples(command) if line.startswith("stix ")]
)
def test_examples_parse(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", "x")
    for name in (".env", "hosts.ini"):
        (tmp_path / name).touch()
    # Words after two or more spaces explain the example.
    words = shlex.split(line.split("   ")[0].split(" > ")[0])
    path = max((path for path in COMMANDS if words[: path.count(" ") + 1] == path.split()), key=len)
    command = COMMANDS[path]
    if path == "stix ssh":
        assert isinstance(command, click.Group)
        command = command.commands["node"]
    context = command.make_context(path, words[path.count(" ") + 1 :])
    assert context.params


@pytest.mark.parametrize("path", sorted(GIVES_DATA))
def test_data_comes_as_json_too(path: str) -> None:
    assert any("--output" in option.opts for option in COMMANDS[path].params)


@pytest.mark.parametrize("path", COMMANDS)
def test_one_letter_has_one_meaning(path: str) -> None:
    letters = [word for option in COMMANDS[path].params for word in option.opts if len(word) == 2]
    assert len(letters) == len(set(letters))
    for option in COMMANDS[path].params:
        if isinstance(option, click.Option):
            assert any(word.startswith("--") for word in option.opts), "each short flag has a long form"


def test_reference_is_what_the_commands_say() -> None:
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    assert page == reference.render(), "python -m stix.cli.reference docs/reference/cli.md"


@pytest.mark.parametrize("code", EXIT_STATUS)
def test_every_error_code_is_explained(code: str) -> None:
    assert f"`{code}`" in (DOCS / "messages.md").read_text(encoding="utf-8")


def test_root_help_names_every_command(run_stix) -> None:
    done = run_stix("--help")
    assert done.returncode == 0
    for path in COMMANDS:
        if path.count(" ") == 1:
            assert f"  {path.removeprefix('stix ')} " in done.stdout


def test_version_names_what_it_stands_on(run_stix) -> None:
    import tomllib

    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["project"]
    done = run_stix("--version")
    assert done.stdout.startswith(f"stix {project['version']}, ansible-core ")


def test_alias_is_the_same_command(run_stix) -> None:
    shown = run_stix("launch", "--help").stdout
    assert shown.replace("stix launch [", "stix up [") == run_stix("up", "--help").stdout != ""
