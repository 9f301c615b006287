"""The environment that a play runs in: an allow-list of the user's, and our own settings."""

import os
from collections.abc import Mapping
from pathlib import Path

ALLOWED = frozenset({
    "HOME", "PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TERM", "SHELL", "VIRTUAL_ENV",
    "SSH_AUTH_SOCK", "SSH_AGENT_PID", "DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONTEXT",
    "DOCKER_CONFIG", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE", "XDG_RUNTIME_DIR", "STIX_HOME", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH",
})  # fmt: skip
"""Names that reach Ansible. ansible-runner writes its whole environment to disk, so nothing else may come along."""


def scrubbed(environ: Mapping[str, str], config: Path, collections: str) -> dict[str, str]:
    """The environment for one play with the settings in `config`."""
    kept = {name: value for name, value in environ.items() if name in ALLOWED}
    return kept | {
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "PYTHONUNBUFFERED": "1",
    }


def search_path(environ: Mapping[str, str], programs: str) -> str:
    """PATH with the folder `programs` first."""
    return f"{programs}:{environ.get('PATH', os.defpath)}"
