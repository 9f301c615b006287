"""Python that runs on the node by `python -c`, with the agent's archive on its standard input (Python 3.8+)."""

from typing import Any

_RECEIVE = """\
import errno, json, os, subprocess, sys, tempfile
home, size = sys.argv[1], int(sys.argv[2])
def stage(folder):
    handle, path = tempfile.mkstemp(prefix=".skylet-", suffix=".pyz", dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(sys.stdin.buffer.read(size))
    return path
"""

PROBE = (
    _RECEIVE
    + """\
path = stage(None)
try:
    sys.exit(subprocess.call([sys.executable, path, "--home", home, "probe"], stdin=subprocess.DEVNULL))
finally:
    os.unlink(path)
"""
)
"""`-c PROBE HOME SIZE`: runs the archive's probe without leaving anything behind."""

INSTALL = (
    _RECEIVE
    + """\
try:
    os.makedirs(home, mode=0o700, exist_ok=True)
    path = stage(home)
except OSError as error:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    print(json.dumps({"error": {
        "code": "setup.disk_full" if full else "setup.agent",
        "message": "The agent cannot be written to '%s': %s" % (home, error.strerror),
        "hint": "Make room on the machine." if full else "Check who owns the folder.",
    }}))
    sys.exit(1)
try:
    command = [sys.executable, path, "--home", home, "install"]
    sys.exit(subprocess.run(command, input=sys.stdin.buffer.read()).returncode)
finally:
    os.unlink(path)
"""
)
"""`-c INSTALL HOME SIZE`: runs the archive's `install` with the rest of the input, the config.

The archive puts itself in place, after it has seen that no other cluster holds the machine."""


def node_event(task_vars: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """The data of a `node` event, from what a probe or an install answered."""
    hardware = dict(state.get("hardware") or {})
    hardware.pop("python", None)  # its version; the path is what others need
    return {
        "name": task_vars.get("inventory_hostname"),
        "rank": task_vars.get("stix_rank"),
        "cpus": hardware.pop("cpus", None),
        "memory": hardware.pop("memory", None),
        "gpus": hardware.pop("gpus", []),
        "arch": hardware.pop("arch", None),
        "os": hardware.pop("os", None),
        "python": state.get("python"),
        "disk_free_gib": hardware.pop("disk_free_gib", None),
        **hardware,
        **({"clock_skew": state["clock_skew"]} if "clock_skew" in state else {}),
        "agent": {
            **{key: state.get(key) for key in ("installed", "alive", "version", "cluster_id")},
            **{key: state[key] for key in ("current", "differs") if key in state},
        },
    }
