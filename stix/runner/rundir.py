"""Run folders: fresh, complete, private; enough to repeat the run by hand."""

import contextlib
import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stix.model.connection import SSH_OPTIONS, control_path, ssh_options
from stix.model.plan import hidden
from stix.runner import content

UNHIDDEN = "unhidden"
"""The file in a run's folder that says that files of its plays may hold secrets still."""


class RunFolder:
    """`runs/<id>/`, made new with mode 0700.

    Args:
        path: must not exist yet.
        secrets_file: where job secrets are while the play runs.

    Raises:
        FileExistsError: a run folder is never used twice.
    """

    def __init__(self, path: Path, secrets_file: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.mkdir(mode=0o700)
        self.path = path
        self.secrets_file = secrets_file

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """What was decided."""
        (self.path / "plan.json").write_text(json.dumps(plan, indent=1, default=str) + "\n", encoding="utf-8")

    def stage(
        self,
        name: str,
        inventory: Mapping[str, str],
        settings: str,
        playbook: str,
        search: Mapping[str, str] = MappingProxyType({}),
        variables: str = "",
    ) -> Path:
        """The folder of one play of this run: its inventory, settings and the line that repeats it.

        A run with one play has its files in the run folder itself, further plays in folders of their own below it.

        Args:
            search: as of `play.Play`, for that line.
            variables: YAML of variables that win over all others; kept in `vars.yml`.
        """
        folder = self.path if not (self.path / "inventory").exists() else self.path / name
        for file, text in inventory.items():
            target = folder / "inventory" / file
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            target.write_text(text, encoding="utf-8")
        (folder / "ansible.cfg").write_text(settings, encoding="utf-8")
        if variables:
            (folder / "vars.yml").write_text(variables, encoding="utf-8")
        (folder / "playbook").write_text(playbook + "\n", encoding="utf-8")
        (folder / "command").write_text(repeat_line(folder, playbook, search) + "\n", encoding="utf-8")
        return folder

    def write_secrets(self, secrets: Mapping[str, str]) -> None:
        """Job secrets for the play: one file only its owner can read."""
        self.secrets_file.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self.secrets_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(dict(secrets), file)

    def drop_secrets(self) -> None:
        """Remove them; nothing happens when there are none."""
        drop_secrets(self.secrets_file)

    def hide(self, stage: Path, secrets: Mapping[str, str]) -> None:
        """Take secrets out of what is left of a play that is over: they may be part of a file's path."""
        if not secrets:
            return
        for file in _telling(stage):
            text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
            shown = hidden(text, secrets)
            if shown != text:
                file.write_text(shown, encoding="utf-8")

    def begin_telling(self) -> None:
        """From now on until `end_telling` files of plays may hold secrets."""
        (self.path / UNHIDDEN).touch(mode=0o600)

    def end_telling(self) -> None:
        """They hold none any more."""
        (self.path / UNHIDDEN).unlink(missing_ok=True)

    def add_event(self, record: Mapping[str, Any]) -> None:
        """Append one record to `events.jsonl`."""
        add_event(self.path, record)

    def write_result(self, result: Mapping[str, Any]) -> None:
        """How it ended."""
        (self.path / "result.json").write_text(json.dumps(result, indent=1, default=str) + "\n", encoding="utf-8")


def add_event(path: Path, record: Mapping[str, Any]) -> None:
    """Append one record to the `events.jsonl` of a run's folder; where there is no such folder, nothing happens."""
    with contextlib.suppress(FileNotFoundError), open(path / "events.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(record, default=str) + "\n")


def _telling(stage: Path) -> list[Path]:
    """Files of a play in which a secret may be part of a path or of an address."""
    return [*stage.glob("inventory/group_vars/*.yml"), stage / "ansible.log", stage / "runner.log"]


def clear_killed(path: Path) -> None:
    """Remove what may tell secrets of a run that was killed before it could hide them."""
    if not (path / UNHIDDEN).exists():
        return
    for stage in (path, *(each for each in path.iterdir() if each.is_dir())):
        for file in _telling(stage):
            file.unlink(missing_ok=True)
    (path / UNHIDDEN).unlink(missing_ok=True)


def drop_secrets(file: Path) -> None:
    """Remove a file of secrets, and its folder if that was for it alone."""
    file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        file.parent.rmdir()


def repeat_line(folder: Path, playbook: str, search: Mapping[str, str] = MappingProxyType({})) -> str:
    """The shell line that plays the folder again without stix."""
    words = {
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": content.collection_paths(),
        **search,
    }
    extra = f" -e {shlex.quote(f'@{folder}/vars.yml')}" if (folder / "vars.yml").exists() else ""
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in words.items())
    program, hosts = shlex.quote(content.ansible_playbook()), shlex.quote(str(folder / "inventory"))
    return f"{variables} {program} -i {hosts}{extra} {shlex.quote(playbook)}"


def ansible_settings(control_dir: Path, home: str, passwd_home: str) -> str:
    """`ansible.cfg` of every run: the same for all runs of a user, so that a warm process can keep it.

    Args:
        control_dir: where ssh keeps its connections open.
        home, passwd_home: `$HOME`, and the home in the user database that OpenSSH would use.
    """
    ssh_args, control = ssh_settings(control_dir, home, passwd_home)
    return "\n".join([
        "[defaults]",
        "host_key_checking = true",
        "interpreter_python = auto_silent",
        "gathering = explicit",
        "retry_files_enabled = false",
        "deprecation_warnings = false",
        "localhost_warning = false",
        "inventory_unparsed_warning = false",
        "timeout = 10",
        "pipelining = true",
        "any_errors_fatal = false",
        "",
        "[inventory]",
        "enable_plugins = ansible.builtin.yaml",
        "unparsed_is_failed = true",
        "",
        "[ssh_connection]",
        "retries = 1",
        f"ssh_args = {ssh_args.replace('%', '%%')}",
        f"control_path = {control.replace('%', '%%')}",
        "",
    ])  # fmt: skip


def ssh_settings(control_dir: Path, home: str, passwd_home: str) -> tuple[str, str]:
    """Ansible's `ssh_args` and `control_path`; the arguments are those of `ansible_settings`."""
    words = [*SSH_OPTIONS, *ssh_options(home, passwd_home, os.path.exists)]
    return shlex.join(words), control_path(str(control_dir))
