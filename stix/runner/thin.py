"""Stands in for `ansible-playbook`: hands its arguments, environment and standard streams to the warm process and
waits.

Run as `python -I -S thin.py SOCKET PROGRAM ARGUMENTS...`; imports next to nothing, because it is started for every
play. When the warm process cannot be reached it becomes the real program.
"""

import array
import json
import os
import signal
import socket
import sys


def main() -> int:
    """Exit status of the play."""
    path, program, *arguments = sys.argv[1:]
    channel = socket.socket(socket.AF_UNIX)
    try:
        channel.connect(path)
        request = {
            "kind": "cli",
            "program": program,
            "arguments": arguments,
            "environment": dict(os.environ),
            "folder": os.getcwd(),
        }
        body = json.dumps(request).encode() + b"\n"
        channel.sendmsg([body[:1]], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
        channel.sendall(body[1:])
    except OSError:
        os.execv(program, [program, *arguments])
    # Asked to end: let the warm process end Ansible first, and wait for that.
    signal.signal(signal.SIGTERM, lambda number, frame: channel.shutdown(socket.SHUT_WR))
    answer = b""
    while not answer.endswith(b"\n"):
        piece = channel.recv(64)
        if not piece:
            return 250
        answer += piece
    code = int(answer)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
