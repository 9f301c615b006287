"""NVIDIA's driver and toolkit on a node: which, from where, or none. Pure.

Sources: NVIDIA "Driver Installation Guide" (repositories, open and proprietary modules, last branches of old GPUs)
and "CUDA Compatibility" (least driver of a toolkit).
"""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.node_base import file_step
from ansible_collections.stix.core.plugins.module_utils.node_system import system_of

REPO = "/etc/yum.repos.d/stix-cuda.repo"
SOURCE = "/etc/apt/sources.list.d/stix-cuda.list"
KEY = "/etc/apt/keyrings/stix-cuda.asc"
FILES = (REPO, SOURCE)
KEY_FILES = {"ubuntu": "3bf863cc.pub", "debian": "8793F200.pub"}
RPM_KEY = "D42D0685.pub"
FIRST_OPEN = 0x1E
"""First byte of the PCI device number from which on (Turing and newer) the open kernel modules serve."""
FIRST_OPEN_ONLY = 0x29
"""From here on (Blackwell) only they do."""
LAST_BRANCH = {"kepler": "470", "volta": "580"}
BRANCH = {"focal": "570", "bullseye": "570"}
"""Systems for which newer branches are not made."""
LEAST_DRIVER = {"11": 450, "12": 525, "13": 580}
"""Branch of driver that a toolkit of this major version needs at least."""

RESTART = {"do": "reboot", "unless": ["nvidia-smi"], "before": ["modprobe", "nvidia"]}
"""The module is loaded if that can be; else the node has to start anew."""


def plan(facts, wish):
    """Steps that make a node so, and why.

    Args:
        facts: `os_release, arch, kernel, files, installed, pci` (device numbers of NVIDIA's GPUs, `0x20b2`),
            `smi {ok, driver, gpus}`, `commands`.
        wish: `mirror, driver` (a branch, `auto`, or `none`), `toolkit` (`12.8`, or "").

    Returns:
        `(steps, sentence)`.

    Raises:
        Failure: `setup.failed`, what is wanted does not go together.
    """
    if not facts["pci"] and not facts["smi"]["ok"]:
        return [], "no NVIDIA GPU is there"
    driver, why = _driver(facts, wish)
    return driver + _toolkit(facts, wish), why


def _driver(facts, wish):
    smi, toolkit = facts["smi"], wish.get("toolkit") or ""
    if wish.get("driver") == "none":
        return [], "no driver is wanted"
    if smi["ok"]:
        have, least = int(smi["driver"].split(".")[0]), LEAST_DRIVER.get(toolkit.split(".")[0], 0)
        if have < least:
            raise Failure(
                "setup.failed",
                "CUDA %s needs a driver of at least %d, and the node has %s" % (toolkit, least, smi["driver"]),
                "Ask for an older toolkit, or take an image with a newer driver.",
                {"driver": smi["driver"], "toolkit": toolkit},
            )
        return [], "driver %s is there" % smi["driver"]
    if any(name.startswith(("nvidia-open", "cuda-drivers", "nvidia-driver")) for name in facts["installed"]):
        return [RESTART], "the driver is not loaded"
    system = system_of(facts)
    branch, is_open = choose(facts["pci"], system.release, wish.get("driver") or "auto")
    steps = _repository(facts, wish, system) + _packages(facts, system, branch, is_open)
    steps.append(RESTART)
    return steps, "driver %s with %s modules" % (branch, "open" if is_open else "proprietary")


def choose(pci, release, wanted):
    """`(branch, whether open modules)` for GPUs of these device numbers.

    Raises:
        Failure: `setup.failed`, no one driver serves all of them.
    """
    first = [int(device, 16) >> 8 for device in pci]
    oldest, newest = min(first), max(first)
    if newest >= FIRST_OPEN_ONLY and oldest < FIRST_OPEN:
        raise Failure("setup.failed", "No driver serves the node's oldest and newest GPU at once", "", {"pci": pci})
    branch = BRANCH.get(release, "580")
    if oldest < 0x13:
        branch = LAST_BRANCH["kepler"]
    elif oldest < FIRST_OPEN:
        branch = min(branch, LAST_BRANCH["volta"])
    return (branch if wanted == "auto" else wanted), oldest >= FIRST_OPEN


def repository_name(system):
    """`ubuntu2204`, `debian12`, `rhel9`, `amzn2023`."""
    name = system.name if system.name in ("ubuntu", "debian", "amzn") else "rhel"
    return name + system.version.replace(".", "")


def _repository(facts, wish, system):
    arch = "sbsa" if system.arch == "aarch64" else "x86_64"
    base = "%s/%s/%s" % (wish["mirror"].rstrip("/"), repository_name(system), arch)
    if system.family == "deb":
        line = "deb [signed-by=%s] %s /\n" % (KEY, base)
        key = "%s/%s" % (base, KEY_FILES[system.name])
        return [{"do": "download", "url": key, "path": KEY}, *file_step(facts, SOURCE, line)]
    text = "[stix-cuda]\nname=CUDA\nbaseurl=%s\nenabled=1\ngpgcheck=1\ngpgkey=%s/%s\n" % (base, base, RPM_KEY)
    return file_step(facts, REPO, text)


def _packages(facts, system, branch, is_open):
    if system.family == "deb":
        headers = "linux-headers-%s" % facts["kernel"]
        old = "nvidia-driver-%s" if branch == LAST_BRANCH["kepler"] else "cuda-drivers-%s"
        return [{"do": "packages", "names": [headers, ("nvidia-open-%s" if is_open else old) % branch]}]
    # The kernel's sources must be those of the kernel that runs; dkms builds the modules for it.
    names = ["kernel-devel-%s" % facts["kernel"], "kernel-headers"]
    stream = "nvidia-driver:%s-%s" % (branch, "open" if is_open else "dkms")
    return [
        {"do": "packages", "names": names},
        {"do": "command", "words": ["dnf", "-y", "module", "install", stream]},
    ]


def _toolkit(facts, wish):
    toolkit = wish.get("toolkit")
    if not toolkit:
        return []
    name = "cuda-toolkit-%s" % toolkit.replace(".", "-")
    if name in facts["installed"] or facts["toolkit"].startswith(toolkit):
        return []
    return [*_repository(facts, wish, system_of(facts)), {"do": "packages", "names": [name]}]
