"""Where stix keeps its things: `$STIX_HOME`, default `~/.stix`."""

import os
from pathlib import Path

SOCKET_PATH_LIMIT = 60
"""Longest folder for control sockets: OpenSSH needs up to 60 more characters below the system's limit of 107."""


class Home:
    """The folder of one user's stix.

    Args:
        root: the folder; `$STIX_HOME` or `~/.stix` when None. It is made (mode 0700) on first use, not here.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self.root = Path(root or os.environ.get("STIX_HOME") or "~/.stix").expanduser().absolute()

    @property
    def database(self) -> Path:
        """The state database."""
        return self.root / "state.db"

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.root / "runs"

    @property
    def clusters(self) -> Path:
        """One folder a cluster: its inventory and token."""
        return self.root / "clusters"

    @property
    def local_nodes(self) -> Path:
        """Homes of the nodes of infrastructure `local`."""
        return self.root / "local"

    @property
    def pools_file(self) -> Path:
        """The user's own machines, in SkyPilot's format."""
        return self.root / "ssh_node_pools.yaml"

    @property
    def config_file(self) -> Path:
        """The user's settings."""
        return self.root / "config.yaml"

    @property
    def keys(self) -> Path:
        """The key pair that logs in to machines that stix made."""
        return self.root / "keys"

    @property
    def warm(self) -> Path:
        """Socket, lock and log of the warm Ansible process."""
        return self._short("warm")

    @property
    def ssh_control(self) -> Path:
        """Control sockets of kept-open ssh connections; Ansible and our own reads share them."""
        return self._short("ssh")

    def ensure(self) -> "Home":
        """Make the folder, private to its owner."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self

    def _short(self, name: str) -> Path:
        path = self.root / name
        if len(str(path)) <= SOCKET_PATH_LIMIT:
            return path
        import hashlib
        import tempfile

        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"stix-{os.getuid()}-{digest}" / name
