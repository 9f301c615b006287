"""Where stix keeps its things: `$STIX_HOME`, default `~/.stix`."""

import os
import shutil
from pathlib import Path

from stix.errors import UsageError
from stix.state.memory import folders, private_folder

SOCKET_PATH_LIMIT = 60
"""Longest folder for control sockets: OpenSSH needs up to 60 more characters below the system's limit of 107."""


class Home:
    """The folder of one user's stix.

    Args:
        root: the folder; `$STIX_HOME` or `~/.stix` when None. It is made (mode 0700) on first use, not here.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        named = os.path.expanduser(root or os.environ.get("STIX_HOME") or "~/.stix")
        if str(named).startswith("~"):
            raise UsageError("usage", f"STIX_HOME names {named}, and there is no such user")
        self.root = Path(named).absolute()

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

    def secrets_file(self, run_id: str) -> Path:
        """Where the secrets of a run are while a play of it needs them: in memory where there is some."""
        return (private_folder(self._memory(run_id)) or self.runs / run_id) / "secrets.json"

    def drop_secrets(self, run_id: str) -> None:
        """Remove the secrets of a run, wherever its process may have put them."""
        (self.runs / run_id / "secrets.json").unlink(missing_ok=True)
        for folder in folders(self._memory(run_id)):
            shutil.rmtree(folder, ignore_errors=True)

    def _memory(self, run_id: str) -> str:
        """The name of a run's own folder: others remove theirs meanwhile."""
        import hashlib

        return f"stix-run-{os.getuid()}-{hashlib.sha256(f'{self.root} {run_id}'.encode()).hexdigest()[:16]}"

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
