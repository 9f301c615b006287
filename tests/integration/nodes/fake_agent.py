"""A small agent that keeps the contract's words: `serve` answers requests, `call` and `logs` are verbs run on a node.

Started as `python3 skylet.pyz --home HOME VERB ...`. A job's log is `HOME/jobs/N.log`; `HOME/jobs/N.status` exists once
the job has ended.
"""

import json
import os
import socket
import sys
import time


def serve(home):
    os.chdir(home)
    server = socket.socket(socket.AF_UNIX)
    if os.path.exists("new.sock"):
        os.unlink("new.sock")
    server.bind("new.sock")
    server.listen(50)
    os.rename("new.sock", "skylet.sock")  # who sees the name can connect
    while True:
        peer, _ = server.accept()
        line = peer.makefile("rb").readline()
        if line:
            peer.sendall(answer(json.loads(line)))
        peer.close()


def answer(request):
    name = request["request"]
    with open("asked", "a") as file:
        file.write(name + "\n")
    if name == "hang":
        time.sleep(30)
    if name == "die":
        return b""
    if name == "garbage":
        return b"no json\n"
    if name == "queue":
        jobs = [{"job_id": number, "status": "SUCCEEDED"} for number in range(request.get("limit", 2))]
        return json.dumps({"result": {"jobs": jobs}}).encode() + b"\n"
    if name == "cancel" and request.get("job_ids") == [99]:
        error = {"code": "job.not_found", "message": "There is no job 99", "hint": "look", "details": {"job_id": 99}}
        return json.dumps({"error": error}).encode() + b"\n"
    return json.dumps({"result": request}).encode() + b"\n"


def call(home):
    os.chdir(home)
    with open("called", "a") as file:
        file.write("call\n")
    request = sys.stdin.buffer.read()
    peer = socket.socket(socket.AF_UNIX)
    try:
        peer.connect("skylet.sock")
    except OSError:
        print(json.dumps({"error": {"code": "agent.unreachable", "message": "No agent runs"}}))
        return 0
    peer.sendall(request.strip() + b"\n")
    sys.stdout.buffer.write(peer.makefile("rb").read())
    return 0


def logs(home, words):
    follow = "--follow" in words
    words = [word for word in words if word != "--follow"]
    options = dict(zip(words[::2], words[1::2], strict=True))
    base = os.path.join(home, "jobs", options["--job"])
    if not os.path.exists(base + ".log"):
        sys.stderr.write("no such job\n")
        return 102
    with open(base + ".log", "rb") as file:
        start = int(options.get("--offset", 0))
        if "--tail" in options:
            lines = file.read().splitlines(keepends=True)
            start = sum(map(len, lines[: -int(options["--tail"])]))
        sys.stderr.write(f"offset={start}\n")
        sys.stderr.flush()
        file.seek(start)
        while True:
            ended = os.path.exists(base + ".status")
            while True:
                chunk = file.read(1 << 20)
                if not chunk:
                    break
                if "--rank" in options:
                    mark = f"(rank {options['--rank']}) ".encode()
                    lines = chunk.splitlines(keepends=True)
                    chunk = b"".join(line[len(mark) :] for line in lines if line.startswith(mark))
                view = memoryview(chunk)
                while view:
                    view = view[os.write(1, view) :]
            if ended:
                with open(base + ".status") as status:
                    return int(status.read())
            if not follow:
                return 101
            time.sleep(0.02)


if __name__ == "__main__":
    where, verb = sys.argv[2], sys.argv[3]
    sys.exit({"serve": serve, "call": call}[verb](where) if verb != "logs" else logs(where, sys.argv[4:]))
