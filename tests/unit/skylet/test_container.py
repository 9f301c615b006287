"""What is said to a container's shell and to the engine; the shell's part is read by real shells."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stix.skylet import container, engine, images
from stix.skylet.home import Home

SHELLS = [["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]]
FOUND = [words for words in SHELLS if shutil.which(words[0])]
NASTY = 'it\'s $HOME\n`id` "two"\\ é {{x}}'


@pytest.fixture(params=FOUND, ids=" ".join)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


def test_a_prelude_says_everything_to_any_shell(shell: list[str], tmp_path: Path) -> None:
    script = tmp_path / "it's a script.sh"
    script.write_text('printf "%s|%s|%s" "$VALUE" "$PWD" "$(cat)"\n')
    env = {"VALUE": NASTY, "not-a-name": "x", "1ST": "x"}
    said = container.prelude(env, str(tmp_path), str(script))
    done = subprocess.run(shell, input=said, capture_output=True, env={"PATH": os.environ["PATH"]}, check=False)
    assert done.stdout.decode() == f"{NASTY}|{tmp_path}|", done.stderr


def test_a_folder_that_is_gone_is_no_reason_not_to_run(shell: list[str], tmp_path: Path) -> None:
    (tmp_path / "s.sh").write_text("pwd")
    said = container.prelude({"HOME": "/"}, str(tmp_path / "gone"), str(tmp_path / "s.sh"))
    done = subprocess.run(shell, input=said, capture_output=True, check=False)
    assert done.stdout == b"/\n"


def test_sudo_is_there_where_an_image_has_none(shell: list[str], tmp_path: Path) -> None:
    tool = tmp_path / "sudo"
    tool.write_text(container.SUDO)

    def ask(*words: str) -> tuple[int, str]:
        done = subprocess.run([*shell, str(tool), *words], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert ask("-n", "-E", "A=b c", "-u", "root", "--", "sh", "-c", 'echo "$A $1"; exit 3', "-", "-x") == (
        3,
        "b c -x\n",
    )
    assert ask("-u", "postgres", "true") == (1, "stix: the image has no sudo to become postgres\n")
    assert ask("-v") == (0, "")


@pytest.fixture
def processes() -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """Sleeping processes of jobs 1 and 11, among them one that handles USR1."""
    mine = f"{os.getpid()}/0/"
    words = {
        "1": ["sleep", "60"],
        "11": ["sleep", "60"],
        "1 handles": ["dash", "-c", "trap 'exit 5' USR1; echo; while :; do sleep 0.05; done"],
    }
    made = {}
    for key, line in words.items():
        env = {**os.environ, "MANY": "x" * 3000 + "\nlines", container.MARK: f"<{mine}{key.split()[0]}>", "Z": "1\n2"}
        made[key] = subprocess.Popen(line, env=env, stdout=subprocess.PIPE)
    made["1 handles"].stdout.readline()
    yield made
    for process in made.values():
        process.kill()
        process.wait()
        process.stdout.close()


def test_signals_find_the_processes_of_one_job(shell: list[str], processes: Any) -> None:
    def send(number: int, how: str = "") -> int:
        mark = f"{container.MARK}=<{os.getpid()}/0/1>"
        done = subprocess.run(
            [*shell, "-c", container.SIGNAL, "sh", mark, str(number), how], capture_output=True, check=True
        )
        return int(done.stdout)

    assert send(0) >= 2  # the sleeping ones, and perhaps a sleep that one of them started
    assert send(10, "handled") == 1
    assert processes["1 handles"].wait(timeout=30) == 5
    assert send(0) >= 1
    send(9)
    assert processes["1"].wait(timeout=30) == -9
    assert processes["11"].poll() is None


@pytest.fixture
def maker(tmp_path: Path) -> Any:
    """`maker(run_options=..)`: what decides about a container, with an engine that is not asked."""

    def make(gpus: bool = False, **order: Any) -> Any:
        home = Home(str(tmp_path / "agent"))
        os.makedirs(home.root, exist_ok=True)
        config = {"container": "stix-demo-1", "cluster_id": "demo-1", "user_home": str(tmp_path / "home")}
        Path(home.config).write_text(json.dumps(config))
        return engine._Maker(home, config, ["docker"], {"image": "debian", **order}, gpus)

    return make


def test_the_users_options_win_and_come_last(maker: Any) -> None:
    words = maker().run_words("debian", [])
    assert {"--network=host", "--user=0", "--restart=unless-stopped", "--init"} <= set(words)
    assert words[-5:] == ["--entrypoint", "/bin/sh", "debian", *engine.WAIT_WORDS][-5:]
    assert "--gpus=all" not in words and "--gpus=all" in maker(gpus=True).run_words("debian", [])
    mine = ["--net=bridge -u 5", "--shm-size=1g", "--gpus '\"device=1\"'", "-e A='b c'"]
    words = maker(gpus=True, run_options=mine).run_words("debian", [])
    assert not {"--network=host", "--user=0", "--gpus=all"} & set(words)
    assert words[words.index("--net=bridge") : words.index("--entrypoint")] == [
        "--net=bridge", "-u", "5", "--shm-size=1g", "--gpus", '"device=1"', "-e", "A=b c",
    ]  # fmt: skip


def test_only_paths_outside_of_the_jobs_home_are_shown_one_by_one(maker: Any, tmp_path: Path) -> None:
    asked = ["~/data", "sky_workdir", "relative", "/data/set", "/data", "/data-2", f"{tmp_path}/home/x"]
    assert maker(paths=asked).paths == ["/data", "/data-2"]
    assert engine._mount('/odd,"path').startswith('type=bind,"source=/odd,""path","target=/odd,""path"')


def test_another_image_or_option_is_another_container(maker: Any) -> None:
    assert maker().hash == maker(paths=["/data"]).hash
    assert len({maker().hash, maker(image="x").hash, maker(run_options=["--init"]).hash, maker(gpus=True).hash}) == 4


@pytest.mark.parametrize(
    ("image", "server", "whole"),
    [
        ("team/tool:1", "registry.example.org", "registry.example.org/team/tool:1"),
        ("registry.example.org/team/tool", "https://registry.example.org", "registry.example.org/team/tool"),
        ("ubuntu", "docker.io", "ubuntu"),
        ("ubuntu", "", "ubuntu"),
    ],
)
def test_an_image_without_a_server_is_on_the_one_that_is_logged_in_to(image: str, server: str, whole: str) -> None:
    assert images.full_name(image, server) == whole


def test_words_name_no_values(tmp_path: Path) -> None:
    box = container.Container({"name": "stix-demo-1", "words": ["sudo", "-n", "docker"]})
    assert box.job_words("demo-1/0/7") == [
        "sudo", "-n", "docker", "exec", "-i", "-e", "STIX_CONTAINER_MARK=<demo-1/0/7>", "stix-demo-1", "/bin/sh",
    ]  # fmt: skip
    assert box.shell_words("/h", "/h/it's", "ls", tty=True, term="xterm")[3:5] == ["exec", "-it"]
    assert container.find(Home(str(tmp_path)), {}) is None


DOCKER = """#!/bin/sh
if [ -n "$AS_ROOT" ]; then echo 28.1; else echo "permission denied while trying to connect" >&2; exit 1; fi
"""


def test_what_is_left_of_a_container_is_told(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    held = container.Container({"name": "stix-demo", "words": [str(docker)]})
    for text, told in (
        ("exit 0", ""),
        ("echo 'Error: No such container: stix-demo' >&2; exit 1", ""),
        ("echo 'removal is in progress' >&2; exit 1", f"is left (removal is in progress): {docker} rm -f -v stix-demo"),
    ):
        docker.write_text(f"#!/bin/sh\n{text}\n")
        docker.chmod(0o755)
        assert held.remove().endswith(told) and bool(held.remove()) == bool(told)


def test_a_login_that_may_not_use_the_engine_goes_by_sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/other.sock")
    for name, text in (("docker", DOCKER), ("sudo", '#!/bin/sh\n[ "$1" = -n ] && shift && AS_ROOT=1 exec "$@"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    assert engine._engine() == ["sudo", "-n", "docker", "-H", "unix:///run/other.sock"]
    (tmp_path / "sudo").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(engine.AgentError, match="may not be used by this login"):
        engine._engine()
    (tmp_path / "docker").write_text('#!/bin/sh\necho "Cannot connect to the Docker daemon" >&2\nexit 1\n')
    assert engine._engine() == []
    monkeypatch.setattr(os, "getuid", lambda: 1500)
    with pytest.raises(engine.AgentError, match="lacks Docker, and its login may not use sudo"):
        engine._lacking("docker", "Docker")
