"""One play in a process of its own: runs ansible-runner, sends what happens as JSON lines over a socket.

The process holds the cluster's lock (an inherited descriptor) until Ansible is really gone, also when the driver was
killed: the closed socket is its order to end the play.
"""

import json
import os
import shlex
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stix.runner.descendants import end_descendants
from stix.runner.events import reduce_event
from stix.runner.rundir import drop_secrets


def run_play(request: Mapping[str, Any], channel: socket.socket) -> None:
    """Run the play that `request` names and report on `channel` until it is over.

    Args:
        request: `{folder, inventories, playbook, ident, forks, arguments, environment, credentials, secrets, shows}`;
            the environment's PATH says which ansible-playbook, `credentials` are variables that no file may hold,
            `secrets` names a file to remove at the end, `shows` has what Ansible prints sent, too.
        channel: connected socket to the driver. Its closing by the driver cancels the play.
    """
    watcher = _Watcher(channel)
    watcher.start()
    os.environ.clear()
    os.environ.update(request["environment"])
    send = _Sender(channel)
    try:
        status, rc = _through_runner(request, send)
        end = {"type": "end", "status": status, "rc": rc}
    except Exception as error:  # the driver must hear of it, whatever it is
        end = {"type": "end", "status": "error", "rc": 254, "message": f"{type(error).__name__}: {error}"}
    watcher.finish()
    _keep_output(Path(request["folder"]), request["ident"])
    if request.get("secrets"):
        drop_secrets(Path(request["secrets"]))
    send(end)


def _through_runner(request: Mapping[str, Any], send: "_Sender") -> tuple[str, int]:
    import ansible_runner

    _end_without_pause()
    _hand_over(request.get("credentials") or {})
    folder = Path(request["folder"])

    def on_event(raw: dict[str, Any]) -> bool:
        record = reduce_event(raw)
        if record:
            send(record)
        if request.get("shows") and raw.get("stdout"):
            send({"type": "output", "text": raw["stdout"]})
        return False  # nothing per event on disk: ours are in events.jsonl

    command_line = [f"--forks={request['forks']}", *request.get("arguments", ())]
    result = ansible_runner.run(
        private_data_dir=str(folder),
        project_dir=str(folder),
        inventory=request["inventories"],
        playbook=request["playbook"],
        ident=request["ident"],
        cmdline=shlex.join(command_line),
        envvars=_runner_environment(request["environment"]),
        settings={"pexpect_timeout": 1},
        fact_cache_type="memory",
        event_handler=on_event,
        cancel_callback=bool,  # never: a runner that cancels leaves Ansible's workers behind
        quiet=True,
        suppress_env_files=True,
    )
    return result.status, result.rc


def _end_without_pause() -> None:
    """ptyprocess sleeps 0.1 s when it closes a terminal, for a program that still runs; ours has ended by then."""
    from ptyprocess import PtyProcess

    PtyProcess.delayafterclose = property(lambda _: 0.0, lambda *_: None)


def _hand_over(credentials: Mapping[str, str]) -> None:
    """Give Ansible variables that the runner knows nothing of: what it knows it writes into its files."""
    if not credentials:
        return
    from ansible_runner import runner

    class Spawn(runner.pexpect.spawn):  # type: ignore[misc]
        def __init__(self, *words: Any, env: Mapping[str, str], **options: Any) -> None:
            super().__init__(*words, env={**env, **credentials}, **options)

    runner.pexpect.spawn = Spawn


def _runner_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("ANSIBLE_") or name == "PATH"}


def _keep_output(folder: Path, ident: str) -> None:
    """Keep what Ansible printed; drop the rest of the runner's files, which hold the whole environment."""
    try:
        output = folder / "artifacts" / ident / "stdout"
        with open(output, "rb") as source, open(folder / "ansible.log", "ab") as target:
            shutil.copyfileobj(source, target)
    except OSError:
        pass
    shutil.rmtree(folder / "artifacts", ignore_errors=True)


class _Sender:
    """Writes JSON lines; falls silent when nobody reads any more."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel

    def __call__(self, record: Mapping[str, Any]) -> None:
        try:
            self.channel.sendall(json.dumps(record).encode() + b"\n")
        except OSError:
            pass


class _Watcher(threading.Thread):
    """Ends what runs below this process as soon as the driver's end of the channel is closed."""

    def __init__(self, channel: socket.socket) -> None:
        super().__init__(daemon=True)
        self._channel = channel
        self._gone = threading.Event()
        self._over = threading.Event()

    def run(self) -> None:
        """Waits for the driver to go; then ends all, again until the play is over: Ansible may be about to start."""
        try:
            while self._channel.recv(4096):
                pass
        except OSError:
            pass
        self._gone.set()
        end_descendants()
        while not self._over.wait(0.05):
            end_descendants()

    def finish(self) -> None:
        """The play is over; when the driver has gone, wait until nothing of it runs."""
        self._over.set()
        if self._gone.is_set():
            self.join()


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
