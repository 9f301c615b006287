"""One play in a process of its own: runs ansible-runner, sends what happens as JSON lines over a socket.

The process holds the cluster's lock (an inherited descriptor) until Ansible is really gone, also when the driver was killed: the
closed socket is its order to end the play.
"""

import json
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stix.runner.events import reduce_event


def run_play(request: Mapping[str, Any], channel: socket.socket) -> None:
    """Run the play that `request` names and report on `channel` until it is over.

    Args:
        request: `{folder, playbook, ident, forks, arguments, environment}`; the environment's PATH says which ansible-playbook.
        channel: connected socket to the driver. Its closing by the driver cancels the play.
    """
    cancelled = threading.Event()
    threading.Thread(target=_watch, args=(channel, cancelled), daemon=True).start()
    os.environ.clear()
    os.environ.update(request["environment"])
    send = _Sender(channel)
    try:
        status, rc = _through_runner(request, send, cancelled)
    except Exception as error:  # the driver must hear of it, whatever it is
        send({"type": "end", "status": "error", "rc": 254, "message": f"{type(error).__name__}: {error}"})
        return
    send({"type": "end", "status": "cancelled" if cancelled.is_set() else status, "rc": rc})


def _through_runner(request: Mapping[str, Any], send: "_Sender", cancelled: threading.Event) -> tuple[str, int]:
    import ansible_runner

    folder = Path(request["folder"])
    artifacts = folder / "artifacts"

    def on_event(raw: dict[str, Any]) -> bool:
        record = reduce_event(raw)
        if record:
            send(record)
        return False  # nothing per event on disk: ours are in events.jsonl

    command_line = [f"--forks={request['forks']}", *request.get("arguments", ())]
    result = ansible_runner.run(
        private_data_dir=str(folder),
        project_dir=str(folder),
        inventory=str(folder / "inventory"),
        playbook=request["playbook"],
        ident=request["ident"],
        cmdline=" ".join(command_line),
        envvars=_runner_environment(request["environment"]),
        settings={"pexpect_timeout": 1},
        fact_cache_type="memory",
        event_handler=on_event,
        cancel_callback=cancelled.is_set,
        quiet=True,
        suppress_env_files=True,
    )
    _keep_output(artifacts / request["ident"], folder / "ansible.log")
    return result.status, result.rc


def _runner_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("ANSIBLE_") or name == "PATH"}


def _keep_output(artifact: Path, log: Path) -> None:
    """Keep what Ansible printed; drop the rest of the runner's files, which hold the whole environment."""
    try:
        with open(artifact / "stdout", "rb") as source, open(log, "ab") as target:
            shutil.copyfileobj(source, target)
    except OSError:
        pass
    shutil.rmtree(artifact.parent, ignore_errors=True)


class _Sender:
    """Writes JSON lines; falls silent when nobody reads any more."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel

    def __call__(self, record: Mapping[str, Any]) -> None:
        try:
            self.channel.sendall(json.dumps(record).encode() + b"\n")
        except OSError:
            pass


def _watch(channel: socket.socket, cancelled: threading.Event) -> None:
    try:
        while channel.recv(4096):
            pass
    except OSError:
        pass
    cancelled.set()


def main() -> None:
    """Entry point of the cold process: `python -m stix.runner.process FD`, the request is the first line on FD."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = socket.socket(fileno=int(sys.argv[1]))
    run_play(json.loads(read_line(channel)), channel)


def read_line(channel: socket.socket) -> bytes:
    """One line from `channel`, byte by byte safe for what follows it; empty at its end."""
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = channel.recv(65536, socket.MSG_PEEK)
        if not piece:
            break
        end = piece.find(b"\n") + 1 or len(piece)
        line += channel.recv(end)
    return bytes(line)


if __name__ == "__main__":
    main()
