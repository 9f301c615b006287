"""Collections and roles that a user's own Ansible content needs: fetched once for each requirements file.

What a file names on this machine (a folder, an archive, a repository) is fetched again when it has changed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stix.errors import StixError
from stix.runner import content

SECONDS = 1800.0
VAULT = b"$ANSIBLE_VAULT"


def requirements_folder(cache: Path, file: Path) -> Path:
    """Where what a requirements file names is, or will be: a folder for each content of such a file and its sources."""
    text = file.read_bytes()
    seen = hashlib.sha256(text)
    for source in _local_sources(file.parent, text):
        for path in sorted([source, *source.rglob("*")] if source.is_dir() else [source]):
            about = path.lstat()
            if not path.is_dir():
                seen.update(f"{path}\0{about.st_size}\0{about.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return cache / seen.hexdigest()[:16]


def _local_sources(folder: Path, text: bytes) -> list[Path]:
    """What a requirements file names that lies on this machine."""
    import yaml

    try:
        wanted: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        return []
    lists = [wanted] if isinstance(wanted, list) else list(wanted.values()) if isinstance(wanted, dict) else []
    entries = [entry for each in lists if isinstance(each, list) for entry in each]
    named = [entry.values() if isinstance(entry, dict) else [entry] for entry in entries]
    paths = [
        folder / os.path.expanduser(value.removeprefix("git+").removeprefix("file://").partition(",")[0])
        for values in named
        for value in values
        if isinstance(value, str)
    ]
    return [path for path in paths if path.exists()]


def install(file: Path, cache: Path, environ: Mapping[str, str]) -> Path:
    """The folder with `collections` and `roles` of a requirements file; nothing is fetched where it is there already.

    Raises:
        StixError: `runner.missing_content`, they are not to be had.
    """
    folder = requirements_folder(cache, file)
    if folder.is_dir():
        return folder
    draft = folder.with_suffix(f".{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        for kind in _kinds(file, file.read_bytes()):
            _install(kind, file, draft / f"{kind}s", environ)
        if not folder.is_dir():  # else another one was quicker
            draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _kinds(file: Path, text: bytes) -> list[str]:
    import yaml

    try:
        wanted: Any = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        raise StixError("runner.missing_content", f"{file} is not YAML") from None
    if isinstance(wanted, list):
        return ["role"]
    return [kind for kind in ("collection", "role") if isinstance(wanted, dict) and wanted.get(f"{kind}s")]


def _install(kind: str, file: Path, target: Path, environ: Mapping[str, str]) -> None:
    program = Path(content.ansible_playbook()).with_name("ansible-galaxy")
    words = [str(program), kind, "install", "-r", str(file), "-p", str(target)]
    # What lies beside this machine's other collections, or in archives, needs no network.
    tries = [[*words, "--offline"], words] if kind == "collection" else [words]
    said = ""
    for line in tries:
        try:
            done = subprocess.run(
                line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", cwd=file.parent, env=dict(environ), timeout=SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            said = str(error)
            continue
        if done.returncode == 0:
            return
        said = last_words(done.stdout)
    raise StixError(
        "runner.missing_content",
        f"the {kind}s of {file} cannot be installed: {said}",
        hint=f"ansible-galaxy {kind} install -r {file} tries it by hand",
    )


def syntax_error(playbook: Path, variables: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Why Ansible cannot play a playbook with these variables, in its own words; empty when it can."""
    with tempfile.NamedTemporaryFile("w", prefix="stix-vars-", suffix=".json") as file:
        json.dump(dict(variables), file, default=str)
        file.flush()
        words = [content.ansible_playbook(), "--syntax-check", "-i", "localhost,", "-e", f"@{file.name}", str(playbook)]
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            env={**environ, "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.host_list"}, check=False,
        )  # fmt: skip
    return "" if done.returncode == 0 else last_words(done.stderr or done.stdout)


def sealed_variables(playbook: Path) -> list[Path]:
    """Files of variables beside a playbook that are vaults as a whole."""
    found = []
    for kind in ("group_vars", "host_vars"):
        for file in sorted((playbook.parent / kind).rglob("*")):
            if file.is_file():
                with open(file, "rb") as opened:
                    found += [file] if opened.read(len(VAULT)) == VAULT else []
    return found


def vault_error(playbook: Path, inventory: str, environ: Mapping[str, str]) -> str:
    """Why Ansible cannot read the variables beside a playbook, in its own words; empty when it can.

    Args:
        inventory: YAML text with the groups and hosts.
    """
    with tempfile.NamedTemporaryFile("w", prefix="stix-groups-", suffix=".yml") as file:
        file.write(inventory)
        file.flush()
        words = [
            content.program("ansible-inventory"),
            "--playbook-dir",
            str(playbook.parent),
            "-i",
            file.name,
            "--list",
        ]
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace", env=dict(environ), check=False,
        )  # fmt: skip
    return "" if done.returncode == 0 else last_words(done.stderr)


def last_words(text: str) -> str:
    """The line of a program of Ansible that says what is wrong, to be quoted."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR", "[ERROR]"))]
    found = errors[0] if errors else lines[-1] if lines else "it gave no reason"
    return found.removeprefix("[ERROR]:").removeprefix("ERROR!").strip().rstrip(".")
