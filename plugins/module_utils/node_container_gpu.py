"""GPUs in containers: NVIDIA's container toolkit, the engine's runtime, and the CDI description. Pure."""

import json

from ansible_collections.stix.core.plugins.module_utils.node_base import file_step
from ansible_collections.stix.core.plugins.module_utils.node_system import system_of

KEY = "/etc/apt/keyrings/stix-nvidia-container.asc"
SOURCE = "/etc/apt/sources.list.d/stix-nvidia-container.list"
REPO = "/etc/yum.repos.d/stix-nvidia-container.repo"
DAEMON = "/etc/docker/daemon.json"
CDI = "/etc/cdi/nvidia.yaml"
MARK = "/etc/cdi/.stix-nvidia"
FILES = (SOURCE, REPO, DAEMON, MARK)
PACKAGES = (
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "libnvidia-container-tools",
    "libnvidia-container1",
)


def plan(facts, wish):
    """Steps that make a node so; none where no GPU answers.

    Args:
        facts: `os_release, arch, files, commands, smi, paths, systemd`.
        wish: `mirror, version`.
    """
    if not facts["smi"]["ok"]:
        return [], "no GPU answers"
    steps = [] if "nvidia-ctk" in facts["commands"] else _install(facts, wish)
    if "dockerd" in facts["commands"] and "nvidia" not in _runtimes(facts):
        steps.append({"do": "command", "words": ["nvidia-ctk", "runtime", "configure", "--runtime=docker"]})
        if facts["systemd"]:
            steps.append({"do": "service", "name": "docker", "restart": True})
    # The description names the driver's files: another driver needs another one.
    state = json.dumps({"driver": facts["smi"]["driver"], "gpus": len(facts["smi"]["gpus"])}) + "\n"
    changed = file_step(facts, MARK, state)
    if changed or CDI not in facts["paths"]:
        steps.append({"do": "command", "words": ["nvidia-ctk", "cdi", "generate", "--output=" + CDI]})
        steps += changed
    return steps, "%d GPUs in containers" % len(facts["smi"]["gpus"])


def _runtimes(facts):
    try:
        return json.loads(facts["files"].get(DAEMON) or "{}").get("runtimes") or {}
    except ValueError:
        return {}


def _install(facts, wish):
    system, mirror, version = system_of(facts), wish["mirror"].rstrip("/"), wish.get("version")
    if system.family == "deb":
        line = "deb [signed-by=%s] %s/stable/deb/%s /\n" % (KEY, mirror, system.deb_arch)
        steps = [{"do": "download", "url": mirror + "/gpgkey", "path": KEY}, *file_step(facts, SOURCE, line)]
        form = "%s=%s"
    else:
        text = "[stix-nvidia-container]\nname=NVIDIA container toolkit\nbaseurl=%s/stable/rpm/$basearch\nenabled=1\n"
        text += "gpgcheck=0\nrepo_gpgcheck=1\ngpgkey=%s/gpgkey\n"
        steps, form = file_step(facts, REPO, text % (mirror, mirror)), "%s-%s"
    names = [form % (name, version) if version else name for name in PACKAGES]
    return [*steps, {"do": "packages", "names": names}]


def wanted_paths():
    """Paths whose existence has to be known."""
    return [CDI]
