"""A real Kubernetes of one node on this machine, private, gone with the process that made it.

    with KubernetesLab() as lab:
        lab.kubectl("get", "nodes")

The control plane runs here, the kubelet inside the namespaces of a private Docker Engine (`tests.lab.engine`), so that
the engine's end is the end of every pod and mount. Accelerators are an extended resource with nothing behind it.
"""

import contextlib
import json
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.lab.engine import DockerLab
from tests.lab.k8s import binaries
from tests.lab.k8s.identities import Identities
from tests.lab.processes import end_process, start_bound, start_time

CONTEXT = "lab"
NAMESPACE = "default"
PAUSE = "stix-test/pause:1"
PAUSE_SOURCE = """
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void quit(int number) { exit(0); }
static void reap(int number) { while (waitpid(-1, 0, WNOHANG) > 0); }
int main(void) { signal(SIGTERM, quit); signal(SIGINT, quit); signal(SIGCHLD, reap); for (;;) pause(); }
"""
LABELS = {
    "nvidia.com/gpu.product": "Tesla-T4",
    "topology.kubernetes.io/zone": "z1",
    "node.kubernetes.io/instance-type": "lab.large",
}


class KubernetesLab:
    """A cluster. `kubeconfig` logs in as its administrator; `image` has a shell and Python."""

    context = CONTEXT
    namespace = NAMESPACE
    node = "lab-node"
    image = DockerLab.image
    shell_image = DockerLab.shell_image

    def __init__(self, gpus: int = 8) -> None:
        self.gpus = gpus
        self.engine = DockerLab(private=True)
        self._bound: list[subprocess.Popen[bytes]] = []
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            self._open.enter_context(self.engine)
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that lead clients here."""
        return {"KUBECONFIG": str(self.kubeconfig)}

    def kubectl(self, *words: str, check: bool = True, stdin: str | None = None) -> str:
        """Run kubectl as the administrator; what it printed. Raises RuntimeError when it fails and `check` is set."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, input=stdin)
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(words)} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def items(self, kinds: str, *words: str) -> list[dict[str, Any]]:
        """Objects of these kinds, as data."""
        return list(json.loads(self.kubectl("get", kinds, "-o", "json", *words))["items"])

    def account(self, name: str, namespace: str = NAMESPACE) -> Path:
        """A kubeconfig that logs in as a service account."""
        token = self.kubectl("create", "token", name, "-n", namespace)
        path = self.folder / f"{namespace}-{name}.kubeconfig"
        return self._identities.kubeconfig(path, self.server, {"token": token}, {CONTEXT: namespace})

    def close(self) -> None:
        """End everything, and remove it."""
        for process in reversed(self._bound):
            end_process(process.pid, start_time(process.pid))
            process.wait(timeout=30)
        self._bound = []
        self._open.close()

    def _start(self) -> None:
        programs = binaries.unpacked()
        self.folder = Path(tempfile.mkdtemp(prefix="sx-k8s-", dir="/var/tmp"))
        self.engine.own_folder(self.folder)
        self.engine.own_cgroup(self.folder.name)
        self._pause_image()
        self._identify()
        etcd, peer, api, manager, scheduler = free_ports(5)
        store = f"http://127.0.0.1:{etcd}"
        self._run(f"""etcd --data-dir {self.folder}/etcd --unsafe-no-fsync --listen-client-urls {store}
            --advertise-client-urls {store} --listen-peer-urls http://127.0.0.1:{peer}
            --initial-advertise-peer-urls http://127.0.0.1:{peer} --initial-cluster default=http://127.0.0.1:{peer}""")
        pki = self._identities.folder
        self.server = f"https://127.0.0.1:{api}"
        for name in ("admin", "manager", "scheduler", "kubelet"):
            path, user = self.folder / f"{name}.kubeconfig", self._identities.user(name)
            self._identities.kubeconfig(path, self.server, user, {CONTEXT: NAMESPACE})
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self._run(f"""{programs}/kube-apiserver --etcd-servers={store} --bind-address=127.0.0.1
            --advertise-address=127.0.0.1 --secure-port={api} --tls-cert-file={pki}/apiserver.crt
            --tls-private-key-file={pki}/apiserver.key --client-ca-file={pki}/ca.crt
            --kubelet-client-certificate={pki}/admin.crt --kubelet-client-key={pki}/admin.key
            --kubelet-certificate-authority={pki}/ca.crt --kubelet-preferred-address-types=InternalIP,Hostname
            --service-account-key-file={pki}/accounts.pub --service-account-signing-key-file={pki}/accounts.key
            --service-account-issuer=https://kubernetes.default --service-cluster-ip-range=10.99.0.0/24
            --authorization-mode=Node,RBAC --allow-privileged=true --endpoint-reconciler-type=none""")
        self._wait("the API server", lambda: self.kubectl("get", "--raw", "/readyz", check=False) == "ok")
        self._run(f"""{programs}/kube-controller-manager --kubeconfig={self.folder}/manager.kubeconfig
            --bind-address=127.0.0.1 --port=0 --secure-port={manager} --leader-elect=false
            --service-account-private-key-file={pki}/accounts.key --root-ca-file={pki}/ca.crt
            --cluster-signing-cert-file={pki}/ca.crt --cluster-signing-key-file={pki}/ca.key
            --use-service-account-credentials=true --cert-dir={pki}""")
        self._run(f"""{programs}/kube-scheduler --kubeconfig={self.folder}/scheduler.kubeconfig
            --bind-address=127.0.0.1 --port=0 --secure-port={scheduler} --leader-elect=false --cert-dir={pki}""")
        self._start_kubelet(programs)
        self._describe_node()

    def _identify(self) -> None:
        address = self.engine.address
        self._identities = identities = Identities(self.folder / "pki")
        hosts = ("IP:127.0.0.1", "IP:10.99.0.1", "DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default")
        identities.issue("apiserver", "/CN=kube-apiserver", *hosts)
        identities.issue("admin", "/O=system:masters/CN=admin")
        identities.issue("manager", "/CN=system:kube-controller-manager")
        identities.issue("scheduler", "/CN=system:kube-scheduler")
        subject = f"/O=system:nodes/CN=system:node:{self.node}"
        identities.issue("kubelet", subject, f"DNS:{self.node}", "IP:127.0.0.1", f"IP:{address}")

    def _start_kubelet(self, programs: Path) -> None:
        pki = self._identities.folder
        settings = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self.engine.address,  # a loopback address it refuses
            "healthzPort": 0,
            "readOnlyPort": 0,
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.folder.name}",
            "failSwapOn": False,
            "makeIPTablesUtilChains": False,
            "authentication": {
                "anonymous": {"enabled": False},
                "x509": {"clientCAFile": f"{pki}/ca.crt"},
                "webhook": {"enabled": True},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": f"{pki}/kubelet.crt",
            "tlsPrivateKeyFile": f"{pki}/kubelet.key",
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "resolvConf": "/etc/resolv.conf",
            "syncFrequency": "5s",
            "nodeStatusUpdateFrequency": "5s",
        }
        (self.folder / "kubelet.json").write_text(json.dumps(settings))
        self._run(
            f"""{programs}/kubelet --config={self.folder}/kubelet.json --kubeconfig={self.folder}/kubelet.kubeconfig
            --root-dir={self.folder}/kubelet --container-runtime=docker --docker-endpoint={self.engine.host}
            --pod-infra-container-image={PAUSE} --hostname-override={self.node} --node-ip={self.engine.address}
            --network-plugin= --cert-dir={pki}""",
            inside=True,
        )
        self._wait("the node", lambda: self.node_ready())

    def node_ready(self) -> bool:
        """Whether the node takes pods."""
        path = '{.status.conditions[?(@.type=="Ready")].status}'
        return self.kubectl("get", "node", self.node, "-o", f"jsonpath={path}", check=False) == "True"

    def _describe_node(self) -> None:
        patch = [{"op": "add", "path": "/status/capacity/nvidia.com~1gpu", "value": str(self.gpus)}]
        where = f"/api/v1/nodes/{self.node}/status"
        self._patch(where, patch)
        labels = [f"{key}={value}" for key, value in LABELS.items()]
        self.kubectl("label", "node", self.node, "--overwrite", *labels)
        seen = "jsonpath={.status.allocatable.nvidia\\.com/gpu}"
        self._wait("its GPUs", lambda: self.kubectl("get", "node", self.node, "-o", seen) == str(self.gpus))
        self._wait("the account", lambda: bool(self.kubectl("get", "sa", "default", "-o", "name", check=False)))

    def _patch(self, path: str, patch: list[dict[str, str]]) -> None:
        """A node's status is no resource that every kubectl can patch."""
        pki = self._identities
        context = ssl.create_default_context(cafile=pki("ca.crt"))
        context.load_cert_chain(pki("admin.crt"), pki("admin.key"))
        headers = {"Content-Type": "application/json-patch+json"}
        request = urllib.request.Request(f"{self.server}{path}", json.dumps(patch).encode(), headers, method="PATCH")
        urllib.request.urlopen(request, context=context, timeout=30).close()

    def _pause_image(self) -> None:
        """The container that holds a pod's network: a program that waits."""
        folder = self.folder / "pause"
        folder.mkdir()
        (folder / "pause.c").write_text(PAUSE_SOURCE)
        subprocess.run(["cc", "-static", "-Os", "-o", folder / "pause", folder / "pause.c"], check=True)
        archive = folder / "pause.tar"
        subprocess.run(["tar", "-C", str(folder), "-cf", str(archive), "pause"], check=True)
        self.engine.docker("import", "--change", 'ENTRYPOINT ["/pause"]', str(archive), PAUSE)

    def _run(self, command: str, *, inside: bool = False) -> None:
        """Start a program of the cluster, bound to this process."""
        words = [*(self.engine.entered() if inside else []), *command.split()]
        name = Path(command.split(maxsplit=1)[0]).name
        with (self.folder / f"{name}.log").open("wb") as log:
            process = start_bound(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        self._bound.append(process)
        self.engine.own_process(process.pid)

    def _wait(self, what: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if ready():
                return
            dead = next((process for process in self._bound if process.poll() is not None), None)
            if dead:
                break
            time.sleep(0.2)
        logs = {path.name: path.read_text(errors="replace").splitlines()[-3:] for path in self.folder.glob("*.log")}
        raise RuntimeError(f"{what} did not come: {logs}")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def main() -> None:
    """Start a cluster, print how to reach it, wait for Ctrl-C."""
    started = time.monotonic()
    with KubernetesLab() as lab, contextlib.suppress(KeyboardInterrupt):
        print(f"a Kubernetes in {time.monotonic() - started:.1f} s; Ctrl-C removes it")
        print(f"images: {lab.image} {lab.shell_image}")
        print(f"export KUBECONFIG={lab.kubeconfig}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    sys.exit(main())
