"""A node that is a pod of a real Kubernetes."""

import subprocess

import pytest

from stix.errors import NodeError
from stix.nodes.agent import call
from stix.nodes.connection import connect
from stix.nodes.logs import stream_logs
from stix.nodes.shell import shell_argv
from tests.integration.nodes.conftest import FAKE_AGENT


@pytest.fixture
def pod(kubernetes_lab):
    """A running pod with the fake agent and one log in it."""
    name = "connected"
    options = ["--image", kubernetes_lab.image, "--image-pull-policy=IfNotPresent", "--restart=Never"]
    kubernetes_lab.kubectl("run", name, *options, "--", "sleep", "600")
    kubernetes_lab.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
    variables = {
        "ansible_connection": "kubernetes.core.kubectl",
        "ansible_host": name,
        "ansible_kubectl_kubeconfig": str(kubernetes_lab.kubeconfig),
        "ansible_kubectl_context": kubernetes_lab.context,
        "ansible_kubectl_namespace": kubernetes_lab.namespace,
        "ansible_kubectl_container": name,
        "skylet_home": "~/agent",
    }
    yield variables
    kubernetes_lab.kubectl("delete", "pod", name, "--ignore-not-found", "--now")


def test_a_pod(pod, kubernetes_lab, control_dir, tmp_path):
    node = connect(pod, control_dir=control_dir)
    assert node.run("cat; echo no such container >&2; exit 3", stdin=b"in")[:2] == (3, b"in")
    put = "mkdir -p ~/agent/jobs && cat > ~/agent/skylet.pyz && echo hello > ~/agent/jobs/1.log"
    assert node.run(put, stdin=FAKE_AGENT.read_bytes())[0] == 0
    serve = "cd ~ && (setsid python3 agent/skylet.pyz --home ~/agent serve </dev/null >/dev/null 2>&1 &)"
    wait = "for i in $(seq 100); do test -S ~/agent/skylet.sock && exit; sleep 0.1; done; exit 1"
    assert node.run(f"{serve}; {wait}", timeout=30)[0] == 0
    assert call(node, "queue")["jobs"][0]["job_id"] == 0
    with open(tmp_path / "out", "wb") as out:
        assert stream_logs(node, 1, follow=False, out_fd=out.fileno()) == 101
    assert (tmp_path / "out").read_bytes() == b"hello\n"
    words = shell_argv(node, "pwd", tty=False)
    assert subprocess.run(words, capture_output=True, check=True).stdout == b"/root\n"

    stranger = connect({**pod, "ansible_kubectl_extra_args": "--as nobody"}, control_dir=control_dir)
    with pytest.raises(NodeError, match="may not be entered") as refused:
        call(stranger, "queue")
    assert refused.value.code == "node.auth"
    kubernetes_lab.kubectl("delete", "pod", "connected", "--now")
    with pytest.raises(NodeError, match="cannot be entered") as caught:
        call(node, "queue")
    assert caught.value.code == "node.unreachable" and not caught.value.retryable
    with pytest.raises(NodeError, match="cannot be entered"):
        stream_logs(node, 1)
    away = connect({**pod, "ansible_kubectl_host": "https://127.0.0.1:9"}, control_dir=control_dir)
    with pytest.raises(NodeError, match="cannot be entered"):
        call(away, "queue")
