"""What OpenSSH's words mean: message -> error code, as one table."""

import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

TABLE = (
    (
        "node.host_key",
        r"host key verification failed|remote host identification has changed|no \S+ host key is known for|"
        r"host key for \S+ has changed",
        "The machine's host key is not the one that is known",
        "If the machine was replaced on purpose, remove its old line with `ssh-keygen -R HOST`.",
        False,
    ),
    (
        "node.auth",
        r"permission denied|too many authentication failures|no more authentication methods|"
        r"invalid/incorrect username/password|bad permissions|unprotected private key|no such identity|"
        r"error in libcrypto|to use the 'ssh' connection type with passwords|account is not available|"
        r"no supported authentication methods",
        "The machine refused the login",
        "Check the user, the key and the password of the host.",
        False,
    ),
    (
        "node.auth",
        r"error from server \(forbidden\)|you must be logged in to the server|error: .*unauthorized",
        "The cluster does not let us into the pod",
        "The account needs the rights of roles/cloud_kubernetes/files/rbac.yml.",
        False,
    ),
    (
        "node.unreachable",
        r"error from server \(notfound\)|unable to upgrade connection|error dialing backend|"
        r"cannot exec into a container in a completed pod|unable to connect to the server",
        "The pod cannot be entered",
        "Check that it is there and runs: `kubectl get pods`.",
        True,
    ),
    (
        "node.unreachable",
        r"connection timed out|operation timed out|timed out",
        "The machine did not answer in time",
        "Check that it runs and that no firewall is in between.",
        True,
    ),
    (
        "node.unreachable",
        r"connection refused",
        "The machine refused the connection",
        "Check that its ssh server runs on this port.",
        True,
    ),
    (
        "node.unreachable",
        r"could not resolve hostname|name or service not known|temporary failure in name resolution|"
        r"no address associated",
        "The machine's name cannot be resolved",
        "Check the spelling of the host and the name service.",
        False,
    ),
    (
        "node.unreachable",
        r"no route to host|network is unreachable",
        "There is no route to the machine",
        "Check the network, or a jump host that is missing.",
        True,
    ),
    (
        "node.unreachable",
        r"is not running|no such container|connection reset|broken pipe|connection closed|kex_exchange_identification|"
        r"lost connection|mux_client|container .* is paused",
        "The connection to the machine broke",
        "Check that the machine runs.",
        True,
    ),
)
"""(code, pattern, sentence, hint, retryable); the first pattern found in the message wins."""

_NOISE = re.compile(r"^(warning: permanently added|debug\d:|pseudo-terminal|\s*$)", re.IGNORECASE)


def classify(text, host):
    """The failure that a connection plugin's message stands for.

    Args:
        text: the message, as it came from ssh or another connection program.
        host: the name to show.
    """
    lines = [line.strip() for line in text.splitlines() if not _NOISE.match(line.strip())]
    reason = lines[-1] if lines else ""
    details = {"host": host, "reason": "\n".join(lines)[-2000:]}
    for code, pattern, sentence, hint, retryable in TABLE:
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            line = next((line for line in lines if found.group(0).lower() in line.lower()), reason)
            return Failure(code, "%s: '%s' (%s)" % (sentence, host, line), hint, details, retryable)
    message = "The machine cannot be reached: '%s' (%s)" % (host, reason or "no reason was given")
    return Failure("node.unreachable", message, "Try `ansible -m ping` with the same inventory.", details, True)
