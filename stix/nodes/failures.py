"""What the complaints of ssh and docker mean, as errors."""

from stix.errors import NodeError

_HOST_KEY = ("host key verification failed", "remote host identification has changed", "no matching host key type")
_OR_ELSE = "if not, somebody may be in between."
_AUTH = (
    "permission denied (",
    "permission denied, please try again",
    "too many authentication failures",
    "no more authentication methods",
    "unprotected private key",
    "account is not available",
)
_DOCKER = (
    "error response from daemon",
    "no such container",
    "cannot connect to the docker daemon",
    "is not running",
    "permission denied while",
)


def ssh_failure(node: str, stderr: str) -> NodeError:
    """Why ssh could not reach a node: node.host_key, node.auth or node.unreachable."""
    text = stderr.lower()
    details = {"node": node, "output": stderr[-2000:]}
    if any(words in text for words in _HOST_KEY):
        return NodeError(
            "node.host_key",
            f"Node {node!r} shows another host key than the one that is known",
            hint=_host_key_hint(stderr),
            details=details,
        )
    reason = _reason(stderr)
    if any(words in text for words in _AUTH):
        return NodeError(
            "node.auth",
            f"Node {node!r} refused the login: {reason}",
            hint="Check user, identity_file or password of this host; `ssh -v` shows what was tried.",
            details=details,
        )
    return NodeError(
        "node.unreachable",
        f"Node {node!r} cannot be reached: {reason}",
        hint="Check that the machine runs, its address and port, and the network or jump host in between.",
        details=details,
        retryable=True,
    )


def docker_failure(node: str, status: int, stderr: str) -> NodeError | None:
    """Why `docker exec` could not enter a container (node.unreachable); None when the command in it was what failed."""
    if status == 0 or not any(words in stderr.lower() for words in _DOCKER):
        return None
    return NodeError(
        "node.unreachable",
        f"Container {node!r} cannot be entered: {_reason(stderr)}",
        hint="`docker ps -a` shows whether it runs; `stix start` starts a stopped cluster.",
        details={"node": node, "output": stderr[-2000:]},
        retryable=True,
    )


def agent_missing(node: str, status: int, stderr: str) -> NodeError:
    """agent.unreachable: the agent's program did not run, or did not find the agent."""
    text = stderr.lower()
    if status in (126, 127):
        reason = "cannot start: no Python 3 is there"
    elif "can't open file" in text or "no such file" in text:
        reason = "is not installed"
    else:
        reason = f"does not answer: {_reason(stderr)}"
    return NodeError(
        "agent.unreachable",
        f"The agent of node {node!r} {reason}",
        hint="`stix repair` installs and starts it again.",
        details={"node": node, "status": status, "output": stderr[-2000:]},
        retryable=False,
    )


def _reason(stderr: str) -> str:
    lines = [
        line.strip()
        for line in stderr.splitlines()
        if line.strip() and not line.startswith(("Warning: Permanently", "debug"))
    ]
    return lines[-1].rstrip(".") if lines else "no reason was given"


def _host_key_hint(stderr: str) -> str:
    for line in stderr.splitlines():
        words = line.strip().split()
        if words[:3] == ["Offending", "key", "in"] or words[2:4] == ["key", "in"]:
            file, _, number = words[-1].partition(":")
            return f"If the machine was replaced on purpose, remove line {number} of {file}; {_OR_ELSE}"
    return f"If the machine was replaced on purpose, remove its old key with `ssh-keygen -R HOST`; {_OR_ELSE}"
