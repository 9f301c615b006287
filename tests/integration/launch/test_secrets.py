"""Planted values: what is secret reaches the job, and is found nowhere else, while it runs and after it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import demand
from tests.lab import buckets

PLANTED = {
    "own": f"{os.getpid()}-pl4nted-0wn-secret",
    "vault": f"{os.getpid()}-pl4nted-of-a-v4ult",
    "command": f"{os.getpid()}-pl4nted-of-a-c0mmand",
    "environment": f"{os.getpid()}-pl4nted-of-the-env1ronment",
    "registry": f"{os.getpid()}-pl4nted-reg1stry-password",
    "vault password": f"{os.getpid()}-pl4nted-vault-passw0rd",
    "bucket": f"{os.getpid()}-pl4nted-bucket-key",
}
MEMORY = Path("/dev/shm")


@pytest.fixture
def keeper(stix_home: Path, safe_world: Path, tmp_path: Path) -> Iterator[Path]:
    """Secrets in a vault and in a program, keys of a bucket; their folder, outside of all that is searched."""
    demand(buckets.missing())
    folder = tmp_path / "keeper"
    folder.mkdir()
    (folder / "password").write_text(PLANTED["vault password"])
    text = f"OF_VAULT: {PLANTED['vault']}\nSKYPILOT_DOCKER_PASSWORD: {PLANTED['registry']}\n"
    (folder / "vault.yml").write_text(text)
    vault = Path(sys.executable).with_name("ansible-vault")
    words = [vault, "encrypt", "--vault-password-file", folder / "password", folder / "vault.yml"]
    subprocess.run(words, check=True, capture_output=True)
    (folder / "OF_COMMAND").write_text(PLANTED["command"] + "\n")
    with buckets.S3Server(tmp_path / "store", PLANTED["bucket"]) as server:
        (server.root / "public").mkdir()
        stix_home.mkdir(mode=0o700, exist_ok=True)
        secrets = {
            "vault_files": str(folder / "vault.yml"),
            "vault_password_command": ["cat", str(folder / "password")],
            "command": f"cat {folder}/{{name}}",
        }
        settings = {"storage": {"r2": {"endpoint": server.address}}, "secrets": secrets}
        (stix_home / "config.yaml").write_text(json.dumps(settings))
        (safe_world / ".cloudflare").mkdir()
        keys = f"[r2]\naws_access_key_id = {buckets.KEY}\naws_secret_access_key = {PLANTED['bucket']}\n"
        (safe_world / ".cloudflare" / "r2.credentials").write_text(keys)
        yield folder


@pytest.fixture
def task(task_file: Any, keeper: Path) -> Path:
    """A task with each kind of secret; it runs until `~/go` is there."""
    run = (
        "for name in OWN OF_VAULT OF_COMMAND OF_ENVIRONMENT; do declare -n value=$name; echo $name ${#value}; done\n"
        "stat -Lc 'file %a %s' ~/.cache/token; echo shown $OWN; while [ ! -e ~/go ]; do sleep 0.1; done"
    )
    return Path(
        task_file(
            run=run,
            setup="test -s ~/.cache/token",
            file_mounts={"~/bucket": {"source": "r2://public", "mode": "MOUNT"}},
            secrets={
                "OWN": PLANTED["own"],
                "OF_ENVIRONMENT": None,
                "SKYPILOT_DOCKER_USERNAME": "ann-the-user",
                "SKYPILOT_DOCKER_PASSWORD": None,
                "SKYPILOT_DOCKER_SERVER": "registry.example",
            },
            managed_secrets=["personal.OF_VAULT", "OF_COMMAND", {"OF_VAULT": {"mount_path": "~/.cache/token"}}],
        )
    )


def test_secrets_are_where_they_belong_and_nowhere_else(
    task: Path, run_stix: Any, ok: Any, stix_home: Path, safe_world: Path, keeper: Path
) -> None:
    variables = {"STIX_SECRET_OF_ENVIRONMENT": PLANTED["environment"]}
    planned = ok(run_stix("plan", "-c", "s", "--infra", "local", task))
    assert "OF_COMMAND will be looked for in" in planned and not any(value in planned for value in PLANTED.values())
    with watched() as seen:
        up = run_stix(
            "--debug", "up", "-y", "-d", "-c", "s", "--infra", "local", task, env=variables, timeout=300
        )  # fmt: skip
    ok(up)
    said = up.stdout + up.stderr
    assert [kind for kind, value in PLANTED.items() if value in said] == []
    assert seen == set()

    log = wait_for_log(run_stix, "file 600")
    names = {"OWN": "own", "OF_VAULT": "vault", "OF_COMMAND": "command", "OF_ENVIRONMENT": "environment"}
    lengths = [f"{name} {len(PLANTED[kind])}" for name, kind in names.items()]
    assert all(line in log for line in lengths) and f"file 600 {len(PLANTED['vault'])}" in log
    assert f"shown {PLANTED['own']}" in log  # what a job prints is its own affair

    logs = [file for file in found_in(stix_home, PLANTED["own"]) if file.suffix == ".log"]
    for kind, value in PLANTED.items():
        in_memory = found_in(MEMORY, value)
        assert all(file.stat().st_mode & 0o777 == 0o600 and owned(file) for file in in_memory), kind
        assert [file for file in found_in(stix_home, value) if file not in logs] == [], kind
        assert (kind in ("registry", "vault password")) or in_memory, kind
    shows = ("run show last --log", "run show last -o json", "queue s -o json", "status -o json", "why s")
    for line in shows:
        told = run_stix(*line.split())
        assert [kind for kind, value in PLANTED.items() if value in told.stdout + told.stderr] == [], line

    (token,) = stix_home.glob("local/*/*/.cache/token")
    assert token.is_symlink()
    (token.parents[1] / "go").touch()
    deadline = time.monotonic() + 60
    while (status := json.loads(ok(run_stix("queue", "s", "-o", "json")))[0]["status"]) == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert status == "SUCCEEDED", run_stix("logs", "s", "--no-follow").stdout
    assert not token.is_symlink()
    jobs = {kind for kind, value in PLANTED.items() if kind != "bucket" and found_in(MEMORY, value)}
    assert jobs == set()
    ok(run_stix("down", "-y", "s"))
    for kind, value in PLANTED.items():
        assert found_in(MEMORY, value) == [] and found_in(stix_home, value) == [], kind


def test_a_secret_that_is_nowhere_is_said_before_anything_is_made(
    task: Path, run_stix: Any, clusters: Any, keeper: Path
) -> None:
    done = run_stix("up", "-y", "-c", "s", "--infra", "local", task)
    assert done.returncode == 2 and clusters() == []
    assert "secret 'OF_ENVIRONMENT' has no value; looked for in" in done.stderr
    assert all(place in done.stderr for place in ("vault.yml", "$STIX_SECRET_OF_ENVIRONMENT", "exit code 1"))
    assert [kind for kind, value in PLANTED.items() if value in done.stderr] == []


def found_in(folder: Path, text: str) -> list[Path]:
    """Files below a folder that hold a text; what is mounted there is left out."""
    found = []
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not os.path.ismount(Path(top, name))]
        found += [file for name in names if text.encode() in read(file := Path(top, name))]
    return found


def owned(file: Path) -> bool:
    """Whether nobody else can come to a file in memory."""
    top = MEMORY / file.relative_to(MEMORY).parts[0]
    return top.is_dir() and top.stat().st_mode & 0o777 == 0o700


def read(file: Path) -> bytes:
    try:
        return b"" if file.is_symlink() or not file.is_file() else file.read_bytes()
    except OSError:
        return b""


@contextmanager
def watched() -> Iterator[set[tuple[str, str]]]:
    """Looks at all processes meanwhile: `(what, program)` of those that show a planted value and are not meant to."""
    seen: set[tuple[str, str]] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            for name in filter(str.isdigit, os.listdir("/proc")):
                seen.update(offences(Path("/proc", name)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def offences(process: Path) -> Iterator[tuple[str, str]]:
    words, environment = raw(process / "cmdline"), raw(process / "environ")
    mine = b"-m\0stix\0" in words  # it was given one in its environment
    of_job = b"STIX_TASK_ID=" in environment
    of_lab = words.startswith(b"rclone\0serve")
    for kind, value in PLANTED.items():
        if value.encode() in words and not of_lab:
            yield f"{kind} as a word", words.replace(b"\0", b" ").decode(errors="replace")
        if value.encode() in environment and not (mine or of_job):
            yield f"{kind} in the environment", words.replace(b"\0", b" ").decode(errors="replace")


def raw(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def wait_for_log(run_stix: Any, text: str) -> str:
    deadline = time.monotonic() + 60
    while True:
        log = str(run_stix("logs", "s", "--no-follow").stdout)
        if text in log or time.monotonic() > deadline:
            return log
        time.sleep(0.2)
