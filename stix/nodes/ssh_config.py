"""Names for `ssh`: `ssh demo` and `ssh demo-worker1` work while cluster `demo` does.

Our entries are one file a cluster in `<stix_home>/ssh_config/`. The user's `~/.ssh/config` gets one line that
includes them when the first file is written; it goes with the last. Containers and local nodes have no ssh server, so
no entry: `stix ssh` reaches those.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stix.nodes.connection import Connection, SshConnection, quoted_control_path, run_words

_KEPT = (
    "hostname",
    "user",
    "port",
    "identityfile",
    "identitiesonly",
    "hostkeyalias",
    "proxyjump",
    "proxycommand",
    "userknownhostsfile",
)
_DEFAULTS = {("identitiesonly", "no"), ("proxyjump", "none"), ("proxycommand", "none"), ("port", "22")}


def write_entries(
    cluster: str, connections: Sequence[Connection], *, stix_home: Path, user_config: Path | None = None
) -> list[str]:
    """Write the entries of a cluster, replacing its old ones.

    Args:
        cluster: its name; the head's entry.
        connections: its nodes in rank order.
        stix_home: `$STIX_HOME`.
        user_config: the user's configuration of ssh, default `~/.ssh/config`.

    Returns:
        the names that `ssh` knows now; empty for containers and local nodes.
    """
    names = [cluster if rank == 0 else f"{cluster}-worker{rank}" for rank in range(len(connections))]
    entries = {
        name: _entry(name, node)
        for name, node in zip(names, connections, strict=True)
        if isinstance(node, SshConnection)
    }
    if not entries:
        remove_entries(cluster, stix_home=stix_home, user_config=user_config)
        return []
    with _locked(stix_home) as folder:
        _replace(folder / cluster, "\n".join(entries.values()), mode=0o600)
        _include(_user_config(user_config), folder, wanted=True)
    return list(entries)


def remove_entries(cluster: str, *, stix_home: Path, user_config: Path | None = None) -> None:
    """Remove the entries of a cluster; it is no error when there are none."""
    if not (stix_home / "ssh_config").is_dir():
        return
    with _locked(stix_home) as folder:
        (folder / cluster).unlink(missing_ok=True)
        if not any(not file.name.startswith(".") for file in folder.iterdir()):
            _include(_user_config(user_config), folder, wanted=False)


def _entry(name: str, connection: SshConnection) -> str:
    """A Host entry with what ssh itself makes of our options and of the user's configuration."""
    _, shown, _ = run_words(connection, [*connection.words(), "-G", "--", connection.host])
    lines = [f"Host {name}"]
    for line in shown.decode().splitlines():
        key, _, value = line.partition(" ")
        if key not in _KEPT or (key, value) in _DEFAULTS:
            continue
        if key == "identityfile" and not os.path.exists(os.path.expanduser(value)):
            continue
        lines.append(f"  {key} {_value(key, value)}")
    lines += ["  StrictHostKeyChecking accept-new", "  ControlMaster auto", "  ControlPersist 600"]
    lines += [f"  ControlPath {quoted_control_path(connection.control_dir)}"]
    return "\n".join(lines) + "\n"


def _value(key: str, value: str) -> str:
    if key == "identityfile" and " " in value:
        return f'"{value}"'
    return value


def _include(config: Path, folder: Path, *, wanted: bool) -> None:
    """Put our Include line at the top of the user's configuration (before any Host, to hold for all) or remove it."""
    line = f'Include "{folder}/*"\n' if " " in str(folder) else f"Include {folder}/*\n"
    config = config.resolve()
    old = config.read_text() if config.exists() else ""
    rest = "".join(one for one in old.splitlines(keepends=True) if one.strip() != line.strip())
    new = line + rest if wanted else rest
    if new == old:
        return
    mode = config.stat().st_mode & 0o777 if config.exists() else 0o600
    config.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace(config, new, mode=mode)


def _replace(file: Path, text: str, *, mode: int) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.touch(mode=mode)
        fresh.chmod(mode)
        fresh.write_text(text)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def _locked(stix_home: Path) -> Iterator[Path]:
    folder = stix_home.absolute() / "ssh_config"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(folder / ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _user_config(given: Path | None) -> Path:
    return given or Path(os.path.expanduser("~/.ssh/config"))
