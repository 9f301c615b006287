"""How OpenSSH is called: the same words for Ansible and our own reads, so that they share one kept-open connection."""

from collections.abc import Callable

CONTROL_PERSIST_SECONDS = 600
"""How long an idle connection is kept open."""

SSH_OPTIONS = (
    "-o", "ControlMaster=auto",
    "-o", f"ControlPersist={CONTROL_PERSIST_SECONDS}s",
    "-o", "StrictHostKeyChecking=accept-new",
    "-o", "ServerAliveInterval=5",
    "-o", "ServerAliveCountMax=3",
    "-o", "ConnectTimeout=10",
)  # fmt: skip
"""Options of every connection; joined by blanks they are Ansible's `ssh_args`."""

CONTROL_FILE = "%C"
"""Name of the control socket: OpenSSH's digest of this host, the other, port and user."""

IDENTITIES = ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk")
"""Key files that OpenSSH tries by itself, in its order."""

PASSWORD_EXPRESSION = (
    "{{ lookup('ansible.builtin.file', stix_pool_file) | from_yaml"
    " | stix.core.pool_password(stix_pool, stix_pool_host) }}"
)
"""`ansible_password` of a pool's host: read while a play runs, so no inventory holds a password."""


def control_path(control_dir: str) -> str:
    """Value of `ControlPath` (Ansible's `control_path`) for sockets in `control_dir`."""
    return f"{control_dir.replace('%', '%%')}/{CONTROL_FILE}"


def ssh_options(env_home: str, passwd_home: str, exists: Callable[[str], bool]) -> list[str]:
    """Words that make OpenSSH use the files of `$HOME`.

    OpenSSH looks below the home of the user database and ignores `$HOME`: nothing is needed where the two agree.

    Args:
        env_home: `$HOME`.
        passwd_home: home folder in the user database.
        exists: says whether a file is there.
    """
    if not env_home or env_home.rstrip("/") == passwd_home.rstrip("/"):
        return []
    folder = f"{env_home.rstrip('/')}/.ssh"
    words = ["-F", f"{folder}/config"] if exists(f"{folder}/config") else []
    words += ["-o", f"UserKnownHostsFile={quoted_path(folder + '/known_hosts')}"]
    for name in IDENTITIES:
        if exists(f"{folder}/{name}"):
            words += ["-o", f"IdentityFile={quoted_path(folder + '/' + name)}"]
    return words


def quoted_path(path: str) -> str:
    """A path as OpenSSH's configuration reads it: blanks kept together, percent signs meant literally."""
    return f'"{path.replace("%", "%%")}"'
