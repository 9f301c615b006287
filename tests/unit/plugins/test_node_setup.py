"""What the set-up roles decide, from the facts of many systems and recorded answers of nvidia-smi."""

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils import (
    node_bake,
    node_base,
    node_conda,
    node_container_gpu,
    node_cuda,
    node_docker,
)
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.node_facts import nvidia_devices, parse_smi
from ansible_collections.stix.core.plugins.module_utils.node_system import SUPPORTED, system_of

SYSTEMS = [
    *(("ubuntu", version) for version in ("20.04", "22.04", "24.04")),
    *(("debian", version) for version in ("11", "12", "13")),
    *((name, version) for name in ("rhel", "rocky", "almalinux") for version in ("8", "9")),
    ("amzn", "2023"),
]
RELEASES = {
    ("rhel", "8"): 'NAME="Red Hat Enterprise Linux"\nID="rhel"\nVERSION_ID="8.10"\n',
    ("rocky", "9"): 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.5"\n',
    ("amzn", "2023"): 'NAME="Amazon Linux"\nID="amzn"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023.6"\n',
}
T4, V100, K80, A100, H100, B200 = "0x1eb8", "0x1db1", "0x102d", "0x20b2", "0x2330", "0x2901"
SMI = "580.65.06, NVIDIA H100 80GB HBM3\n580.65.06, NVIDIA H100 80GB HBM3\n"
FAILED = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n"


def facts(name: str = "ubuntu", version: str = "22.04", **more: Any) -> dict[str, Any]:
    text = RELEASES.get((name, version), f'ID={name}\nVERSION_ID="{version}"\n')
    known = {"os_release": text, "arch": "x86_64", "kernel": "6.8.0-1", "commands": {}, "installed": [], "files": {}}
    known |= {"paths": [], "pci": [], "smi": parse_smi(""), "toolkit": "", "docker": "", "docker_config": ""}
    return known | {"groups": {}, "systemd": True} | more


def done(steps: list[dict[str, Any]]) -> list[str]:
    return [step["do"] for step in steps]


def packages(steps: list[dict[str, Any]]) -> list[str]:
    return [name for step in steps if step["do"] == "packages" for name in step["names"]]


def applied(known: dict[str, Any], steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The facts after steps, as far as files and packages tell."""
    files = {step["path"]: step["text"] for step in steps if step["do"] == "file"}
    names = [name.partition("=")[0] for name in packages(steps)]
    return known | {"files": {**known["files"], **files}, "installed": [*known["installed"], *names]}


def test_these_systems_are_known_and_no_others() -> None:
    assert sorted((name, version) for name, versions in SUPPORTED.items() for version in versions) == sorted(SYSTEMS)


@pytest.mark.parametrize(("name", "version"), SYSTEMS)
def test_every_system_gets_its_own_and_a_second_look_nothing(name: str, version: str) -> None:
    known = facts(name, version)
    system = system_of(known)
    assert (system.family == "deb") == (name in ("ubuntu", "debian"))
    steps = node_base.plan(known, {})
    assert "rsync" in packages(steps) and node_base.plan(applied(known, steps), {}) == []
    wish = {"mirror": "http://mirror/", "version": "28", "source": "docker", "user": ""}
    engine = node_docker.plan(known, wish)
    text = json.dumps(engine)
    assert done(engine)[-1] == "service" and "//linux" not in text
    where = {"ubuntu": "/linux/ubuntu", "debian": "/linux/debian", "rhel": "/linux/rhel", "amzn": ""}
    assert where.get(name, "/linux/centos") in text
    expected = {"deb": "docker-ce=5:28.*", "rpm": "docker-ce-28.*"}[system.family]
    assert packages(engine)[0] == ("docker" if name == "amzn" else expected)
    assert (f" {system.release} stable" in text) == (system.family == "deb")
    toolkit, _ = node_container_gpu.plan(known | {"smi": parse_smi(SMI)}, {"mirror": "http://m", "version": "1.17.8-1"})
    pinned = {"deb": "nvidia-container-toolkit=1.17.8-1", "rpm": "nvidia-container-toolkit-1.17.8-1"}
    assert packages(toolkit)[0] == pinned[system.family] and f"http://m/stable/{system.family}" in json.dumps(toolkit)
    conda = node_conda.plan(known, {"mirror": "http://m", "version": "24", "prefix": "/c", "channel": "conda-forge"})
    assert conda[0]["url"] == "http://m/24/Miniforge3-24-Linux-x86_64.sh"
    cuda, why = node_cuda.plan(known | {"pci": [A100]}, {"mirror": "http://m", "driver": "auto"})
    assert f"http://m/{node_cuda.repository_name(system)}/x86_64" in json.dumps(cuda) and done(cuda)[-1] == "reboot"
    assert "open modules" in why


def test_unknown_systems_are_refused_by_name() -> None:
    for known in (facts("arch", ""), facts("ubuntu", "18.04"), facts(arch="riscv64")):
        with pytest.raises(Failure) as caught:
            node_docker.plan(known, {"mirror": "http://m"})
        assert caught.value.code == "setup.failed" and "debian 11, 12, 13" in caught.value.hint


@pytest.mark.parametrize(
    ("pci", "release", "branch", "is_open"),
    [
        ([T4], "jammy", "580", True),
        ([V100], "jammy", "580", False),
        ([K80], "noble", "470", False),
        ([A100] * 8, "el9", "580", True),
        ([H100], "focal", "570", True),
        ([B200], "noble", "580", True),
        ([V100, A100], "bullseye", "570", False),
    ],
)
def test_the_driver_fits_gpu_and_system(pci: list[str], release: str, branch: str, is_open: bool) -> None:
    assert node_cuda.choose(pci, release, "auto") == (branch, is_open)
    assert node_cuda.choose(pci, release, "575")[0] == "575"


def test_drivers_that_cannot_be_are_refused() -> None:
    with pytest.raises(Failure, match="oldest and newest"):
        node_cuda.choose([V100, B200], "noble", "auto")
    old = facts(pci=[V100], smi=parse_smi("470.256.02, Tesla V100-SXM2-16GB\n"))
    with pytest.raises(Failure, match=r"CUDA 12\.8 needs a driver of at least 525"):
        node_cuda.plan(old, {"mirror": "m", "driver": "auto", "toolkit": "12.8"})


def test_what_the_image_has_is_left_alone() -> None:
    wish = {"mirror": "http://m", "driver": "auto", "toolkit": ""}
    assert node_cuda.plan(facts(), wish) == ([], "no NVIDIA GPU is there")
    ready = facts(pci=[H100, H100], smi=parse_smi(SMI))
    assert node_cuda.plan(ready, wish) == ([], "driver 580.65.06 is there")
    # Installed, but the kernel does not have it: no second install, the node starts anew.
    asleep = facts(pci=[H100], smi=parse_smi(FAILED), installed=["nvidia-open-580"])
    assert done(node_cuda.plan(asleep, wish)[0]) == ["reboot"]
    assert node_cuda.plan(facts(pci=[H100]), wish | {"driver": "none"})[0] == []
    toolkit, _ = node_cuda.plan(ready, wish | {"toolkit": "12.8"})
    assert packages(toolkit) == ["cuda-toolkit-12-8"]
    assert node_cuda.plan(ready | {"toolkit": "12.8"}, wish | {"toolkit": "12.8"})[0] == []
    # An unknown system with a driver that runs needs nothing that would have to be known.
    assert node_cuda.plan(facts("arch", "", smi=parse_smi(SMI)), wish)[0] == []


def test_what_nvidia_smi_and_the_bus_say(tmp_path) -> None:
    assert parse_smi(SMI) == {"ok": True, "driver": "580.65.06", "gpus": ["NVIDIA H100 80GB HBM3"] * 2}
    assert parse_smi(FAILED) == parse_smi("No devices were found\n") == {"ok": False, "driver": "", "gpus": []}
    for place, vendor, kind, device in [("0", "0x10de", "0x030200", H100), ("1", "0x10de", "0x068000", "0x22a3")]:
        (tmp_path / place).mkdir()
        for name, text in (("vendor", vendor), ("class", kind), ("device", device)):
            (tmp_path / place / name).write_text(text + "\n")
    assert nvidia_devices(str(tmp_path)) == [H100]  # not its NVSwitch


def test_docker_that_answers_needs_only_what_the_user_wants() -> None:
    known = facts("arch", "", docker="28.1.1", commands={"dockerd": "/usr/bin/dockerd"})
    wish = {"mirror": "m", "user": "ann", "config_path": "/home/ann/.docker/config.json"}
    assert [step["words"] for step in node_docker.plan(known, wish)] == [["usermod", "-aG", "docker", "ann"]]
    known["groups"] = {"docker": ["ann"]}
    login = {"server": "ghcr.io", "username": "ann", "password": "planted"}
    known["docker_config"] = '{"credsStore": "pass", "auths": {"quay.io": {"auth": "x"}}}'
    [step] = node_docker.plan(known, wish | {"registries": [login]})
    kept = json.loads(step["text"])
    assert kept["credsStore"] == "pass" and set(kept["auths"]) == {"quay.io", "ghcr.io"} and step["mode"] == 0o600
    assert node_docker.plan(known | {"docker_config": step["text"]}, wish | {"registries": [login]}) == []
    stopped = known | {"docker": ""}
    assert done(node_docker.plan(stopped, wish)) == ["service"]


@pytest.mark.parametrize(
    ("name", "version", "names"),
    [
        ("debian", "13", ["docker.io", "docker-cli"]),
        ("debian", "12", ["docker.io"]),
        ("ubuntu", "24.04", ["docker.io"]),
    ],
)
def test_the_distributions_engine_comes_with_its_command(name: str, version: str, names: list[str]) -> None:
    wish = {"mirror": "http://m", "source": "distribution"}
    for commands in ({}, {"dockerd": "/usr/sbin/dockerd"}):
        assert packages(node_docker.plan(facts(name, version, commands=commands), wish)) == names


def test_containers_see_gpus_and_a_new_driver_is_described_anew() -> None:
    wish = {"mirror": "http://m", "version": "1.17.8-1"}
    assert node_container_gpu.plan(facts(), wish) == ([], "no GPU answers")
    known = facts(smi=parse_smi(SMI), commands={"dockerd": "d"})
    steps, _ = node_container_gpu.plan(known, wish)
    assert done(steps) == ["download", "file", "packages", "command", "service", "command", "file"]
    assert packages(steps)[0] == "nvidia-container-toolkit=1.17.8-1"
    after = applied(known, steps) | {"paths": [node_container_gpu.CDI], "commands": {"dockerd": "d", "nvidia-ctk": "c"}}
    after["files"][node_container_gpu.DAEMON] = '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}'
    assert node_container_gpu.plan(after, wish)[0] == []
    newer = after | {"smi": parse_smi("590.1, NVIDIA H100 80GB HBM3\n")}
    assert done(node_container_gpu.plan(newer, wish)[0]) == ["command", "file"]


def test_conda_is_installed_once_and_its_environment_too() -> None:
    wish = {"mirror": "http://m/", "version": "25.3.1-0", "prefix": "/opt/c", "checksum": "", "channel": "http://c"}
    steps = node_conda.plan(facts(arch="aarch64"), wish)
    assert steps[0]["url"] == "http://m/25.3.1-0/Miniforge3-25.3.1-0-Linux-aarch64.sh"
    assert steps[0]["sums"] == steps[0]["url"] + ".sha256" and done(steps) == ["download", "command", "remove"]
    assert "sums" not in node_conda.plan(facts(), wish | {"checksum": "a" * 64})[0]
    wish |= {"environment": "train", "python": "3.11", "packages": ["numpy"]}
    there = facts(paths=["/opt/c/bin/conda"])
    [create] = node_conda.plan(there, wish)
    assert create["words"][-2:] == ["python=3.11", "numpy"] and "http://c" in create["words"]
    assert node_conda.plan(facts(paths=node_conda.wanted_paths(wish)), wish) == []


def test_what_an_image_must_not_hold(tmp_path: Path) -> None:
    def put(path: str, text: str = "x") -> str:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return str(file)

    root = f"{tmp_path}/"
    key, history, log = put("etc/ssh/ssh_host_rsa_key"), put("home/ann/.bash_history"), put("var/log/app/a.log")
    login = put("var/log/auth.log")
    put("var/lib/cloud/instances/i-1/x"), put("var/log/journal/j"), put("var/log/empty.log", "")
    known = facts(commands={"cloud-init": "/usr/bin/cloud-init"}, files={"/etc/machine-id": "abc\n"})
    steps, said = node_bake.plan(known | {"bake": node_bake.look(root)}, {})
    assert done(steps) == ["command", "file", "remove", "empty", "empty"]
    assert [step["path"] for step in steps[2:]] == [history, login, log] and "host keys of ssh stay" in said
    put("usr/bin/cloud-init")
    steps, said = node_bake.plan(known | {"bake": node_bake.look(root)}, {})
    assert steps[-1] == {"do": "remove", "path": key} and not said
    assert node_bake.plan(known | {"bake": node_bake.look(root)}, {"host_keys": False})[0] == steps[:-1]

    for file in (key, history, log):
        Path(file).unlink()
    (tmp_path / "var/lib/cloud/instances/i-1/x").unlink(), (tmp_path / "var/lib/cloud/instances/i-1").rmdir()
    after = known | {"files": {"/etc/machine-id": ""}, "bake": node_bake.look(root)}
    assert node_bake.plan(after, {}) == ([], "")  # a log that each login writes is nobody's
    put("root/.stix/agent/config.json")
    with pytest.raises(Failure, match="A cluster holds this machine"):
        node_bake.plan(after | {"bake": node_bake.look(root)}, {})
