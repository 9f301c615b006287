"""A node that is a pod, reached by `kubectl exec`; the same host variables as Ansible's kubernetes.core.kubectl."""

from collections.abc import Mapping

from stix.errors import NodeError
from stix.nodes.connection import Connection, text_of, words_of

OPTIONS = {
    "ansible_kubectl_kubeconfig": "--kubeconfig",
    "ansible_kubectl_context": "--context",
    "ansible_kubectl_namespace": "--namespace",
    "ansible_kubectl_host": "--server",
    "ansible_kubectl_token": "--token",
    "ansible_kubectl_ca_cert": "--certificate-authority",
    "ansible_kubectl_client_cert": "--client-certificate",
    "ansible_kubectl_client_key": "--client-key",
}
"""Host variable -> option of kubectl."""

_ENDED = "command terminated with exit code"
_REFUSED = ("is forbidden", "unauthorized", "you must be logged in", "provide credentials")
_BROKEN = (
    "error from server",
    "unable to upgrade connection",
    "the connection to the server",
    "unable to connect to the server",
    "error dialing backend",
    "error sending request",
    "cannot exec into a container in a completed pod",
    "unexpected eof",
    "i/o timeout",
    "connection reset",
    "connection refused",
    "lost connection to pod",
    "no such container",
    "does not exist",
)
_GONE = ("(notfound)", "completed pod", "does not exist")


class KubectlConnection(Connection):
    """A pod; context, namespace and container are those of the host variables."""

    reconnects = True

    def __init__(self, host_vars: Mapping[str, object]) -> None:
        super().__init__(host_vars)
        self.pod = text_of(host_vars, "ansible_kubectl_pod", "ansible_host", "inventory_hostname")
        self.container = text_of(host_vars, "ansible_kubectl_container")
        self.options = [
            word for key, option in OPTIONS.items() if (value := text_of(host_vars, key)) for word in (option, value)
        ]
        self.options += words_of(host_vars, "ansible_kubectl_extra_args")

    def argv(self, command: str, *, tty: bool = False) -> list[str]:
        container = ["--container", self.container] if self.container else []
        where = [*self.options, "exec", "-it" if tty else "-i", self.pod, *container]
        return ["kubectl", *where, "--", "/bin/sh", "-c", command]

    def failure(self, status: int, stderr: str) -> NodeError | None:
        """A command that ran and failed says so in the last line; its status is the command's."""
        lines = [line.strip() for line in stderr.splitlines() if line.strip()]
        if status == 0 or not lines or lines[-1].startswith(_ENDED):
            return None
        reason = lines[-1].rstrip(".")
        details = {"node": self.name, "output": stderr[-2000:]}
        if any(words in reason.lower() for words in _REFUSED):
            return NodeError(
                "node.auth",
                f"Pod {self.pod!r} may not be entered: {reason}",
                hint="The account needs the rights of roles/cloud_kubernetes/files/rbac.yml.",
                details=details,
            )
        if not any(words in reason.lower() for words in _BROKEN):
            return None
        return NodeError(
            "node.unreachable",
            f"Pod {self.pod!r} cannot be entered: {reason}",
            hint="`stix status --refresh` tells whether it is still there; `stix start` makes it again.",
            details=details,
            retryable=not any(words in reason.lower() for words in _GONE),
        )
