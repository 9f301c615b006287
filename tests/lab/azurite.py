"""Azure's blob storage on this machine: Microsoft's own emulator, a real server of the same protocol.

with Azurite(folder) as server:
    server.settings   # of the store `azure`
    server.environ    # the user's key
"""

import base64
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.processes import start_bound

ACCOUNT = "labaccount"


def missing() -> str:
    """Why there can be none here, as one sentence; empty when there can."""
    return "" if shutil.which("azurite-blob") else "Azure's blob storage needs azurite (npm: azurite)"


class Azurite:
    """The server; it keeps what it holds below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.key = base64.b64encode(os.urandom(48)).decode()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.settings = {"endpoint": f"http://127.0.0.1:{self._port}/{ACCOUNT}"}
        self.environ = {"AZURE_STORAGE_KEY": self.key}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def remote(self) -> dict[str, str]:
        """rclone's options that lead here."""
        return {"type": "azureblob", "account": ACCOUNT, "key": self.key, **self.settings}

    def __enter__(self) -> Self:
        words = ["azurite-blob", "--blobHost", "127.0.0.1", "--blobPort", str(self._port), "--location"]
        words += [str(self._folder), "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        env = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{self.key}"}
        self._folder.mkdir(parents=True)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = start_bound(words, env=env, **quiet)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("azurite did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)
