"""The disk of a lab host: an overlay over this machine's root, with homes, keys, users and an sshd of its own.

Only what is written here differs from this machine. Folders that hold somebody's files are hidden behind empty ones,
so a test that passes only because a node can see the controller's files fails here as it would on real machines.
"""

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HIDDEN = ("root", "home", "tmp", "var/tmp", "var/log", "run", "srv", "mnt", "media", "work", "opt")
UID = 1500

SSHD_CONFIG = """\
ListenAddress 0.0.0.0
HostKey /etc/ssh/ssh_host_ed25519_key
PidFile none
UsePAM no
UseDNS no
PasswordAuthentication {password}
MaxStartups 200
MaxSessions 200
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
{path}
"""


@dataclass(frozen=True, slots=True)
class Login:
    """Who may log in: user name, public key text, and a password or none."""

    user: str
    public_key: str
    password: str


def hidden_folders() -> list[str]:
    """Top-level folders that a host sees empty, relative to the root."""
    return sorted({*HIDDEN, REPOSITORY.parts[1]})


def write_disk(disk: Path, name: str, login: Login, python: Path | None, hide_python: bool) -> None:
    """Fill `disk` (an overlay's upper folder) for a host; `python` is an installation prefix to put first in PATH."""
    for folder in hidden_folders():
        _hide(disk / folder, 0o1777 if folder.endswith("tmp") else 0o755)
    if Path("/.dockerenv").exists():
        _white_out(disk / ".dockerenv")
    for folder in ("etc/ssh", "home"):
        (disk / folder).mkdir(parents=True, exist_ok=True)
    (disk / "root").chmod(0o711 if python else 0o700)
    if python:
        # Bound there by the boot script: an installed Python finds its library by its absolute path.
        (disk / python.relative_to("/")).mkdir(parents=True)
    _write_users(disk, login)
    (disk / "etc/hostname").write_text(f"{name}\n")
    (disk / "etc/hosts").write_text(f"127.0.0.1 localhost {name}\n")
    (disk / "etc/resolv.conf").write_text("")
    key = disk / "etc/ssh/ssh_host_ed25519_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key], check=True)
    path = f"SetEnv PATH={python}/bin:/usr/local/bin:/usr/bin:/bin" if python else ""
    config = SSHD_CONFIG.format(password="yes" if login.password else "no", path=path)
    (disk / "etc/ssh/sshd_config").write_text(config)
    if hide_python:
        _hide_python(disk, python)


def _hide(folder: Path, mode: int) -> None:
    folder.mkdir(parents=True)
    folder.chmod(mode)
    os.setxattr(folder, "trusted.overlay.opaque", b"y")


def _white_out(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))


def _write_users(disk: Path, login: Login) -> None:
    etc = disk / "etc"
    home = f"/home/{login.user}"
    hashed = _hash_password(login.password) if login.password else "*"
    lines = {
        "passwd": f"{login.user}:x:{UID}:{UID}:{login.user}:{home}:/bin/bash\n",
        "group": f"{login.user}:x:{UID}:\n",
        "shadow": f"{login.user}:{hashed}:19000:0:99999:7:::\n",
    }
    for file, line in lines.items():
        text = Path("/etc", file).read_text()
        if file == "passwd":
            text = "".join(_with_home(entry) for entry in text.splitlines(keepends=True))
        (etc / file).write_text(text + line)
    (etc / "shadow").chmod(0o600)
    for folder, owner in ((disk / "root", 0), (disk / home.lstrip("/"), UID)):
        folder.mkdir(exist_ok=True)
        ssh = folder / ".ssh"
        ssh.mkdir(mode=0o700)
        (ssh / "authorized_keys").write_text(login.public_key)
        for path in (folder, ssh, ssh / "authorized_keys"):
            os.chown(path, owner, owner)


def _with_home(entry: str) -> str:
    """A passwd line as it is, but root's shell and home are the usual ones."""
    return "root:x:0:0:root:/root:/bin/bash\n" if entry.startswith("root:") else entry


@cache
def _hash_password(password: str) -> str:
    done = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _hide_python(disk: Path, instead: Path | None) -> None:
    """Cover this machine's python3 programs (overlay whiteouts); the one of prefix `instead` takes their place."""
    for folder in ("usr/bin", "usr/local/bin"):
        (disk / folder).mkdir(parents=True, exist_ok=True)
        for program in Path("/", folder).glob("python3*"):
            _white_out(disk / folder / program.name)
    if instead:
        link = disk / "usr/bin/python3"
        link.unlink(missing_ok=True)
        link.symlink_to(instead / "bin/python3")


def find_python(version: str) -> Path | None:
    """The installation prefix of a Python `version` ("3.6") that pyenv has, or None."""
    root = Path(os.environ.get("PYENV_ROOT") or "/root/.pyenv")
    found = sorted(root.glob(f"versions/{version}*/bin/python3"))
    return found[0].parents[1] if found else None


def remove_disk(folder: Path) -> None:
    """Remove a host's folder."""
    shutil.rmtree(folder, ignore_errors=True)
