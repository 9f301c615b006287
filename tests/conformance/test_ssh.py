"""The suite on machines of one's own, reached by ssh.

They are claimed by the agent, not by the role: tests/integration/ansible/test_ssh.py and launch/test_ssh.py have that.
"""

from typing import Any

from tests.conformance.backend import Backend, Cluster, Machine
from tests.conformance.suite import Suite

OWN = "the machines are there before a cluster and after it: nothing is made"


class Ssh(Backend):
    """Machines of a pool."""

    name = "ssh"
    cannot = {
        **dict.fromkeys(("make", "lose", "halt", "surplus", "cut", "adopt", "survey", "account", "labels"), OWN),
        "stop": "machines of one's own stay up, which is said",
        **dict.fromkeys(("ports", "change ports", "zones", "regions"), OWN),
        **{
            f"fault {kind}": OWN
            for kind in ("capacity", "quota", "auth", "permission", "transient", "config", "partial", "unknown")
        },
    }

    def __enter__(self) -> "Ssh":
        self.lab = self.request.getfixturevalue("ssh_lab")
        self.hosts = self.lab.hosts(4)
        self._counts: dict[str, int] = {}
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.remove(self.hosts)

    def wanted(self, cluster: Cluster, count: int, **head: Any) -> list[dict[str, Any]]:
        self._counts[cluster.id] = count
        hosts = self._hosts(cluster)[:count]
        nodes = super().wanted(cluster, count, **head)
        return [{**node, "connection": self._connection(host)} for node, host in zip(nodes, hosts, strict=True)]

    def _chosen(self, cluster: Cluster) -> list[Any]:
        return self._hosts(cluster)[: self._counts.get(cluster.id, 0)]

    def _hosts(self, cluster: Cluster) -> list[Any]:
        return self.hosts[3:] if "-" in cluster.name else self.hosts[:3]

    def _connection(self, host: Any) -> dict[str, Any]:
        return {
            "ansible_connection": "ssh",
            "ansible_host": host.ip,
            "ansible_user": host.user,
            "ansible_ssh_private_key_file": str(host.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={host.folder.parent}/known_hosts -o ConnectTimeout=5",
        }

    def node(self, rank: int) -> dict[str, Any]:
        return {}

    def machines(self, cluster: Cluster) -> dict[int, Machine]:
        return {rank: Machine(host.ip, "running") for rank, host in enumerate(self._chosen(cluster))}

    def things(self, cluster: Cluster) -> list[str]:
        return [host.name for host in self._hosts(cluster) if self._left(host)]

    def changes(self) -> list[str]:
        return [host.name for host in self.hosts if self._left(host)]

    def _left(self, host: Any) -> str:
        return str(host.run("ls -A ~/.stix 2>/dev/null || true", user=host.user).stdout.strip())


class TestSsh(Suite):
    backend = Ssh
