"""Which operating system a node has, and what its repositories call it. Pure."""

import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

SUPPORTED = {
    "ubuntu": {"20.04": "focal", "22.04": "jammy", "24.04": "noble"},
    "debian": {"11": "bullseye", "12": "bookworm", "13": "trixie"},
    "rhel": {"8": "el8", "9": "el9"},
    "rocky": {"8": "el8", "9": "el9"},
    "almalinux": {"8": "el8", "9": "el9"},
    "amzn": {"2023": "al2023"},
}
"""Systems that the set-up roles know, by the ID and VERSION_ID of /etc/os-release, with the release's short name."""

DEB = ("ubuntu", "debian")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class System(object):
    """An operating system that is known here.

    Attributes:
        family: `deb` or `rpm`.
        name, version: `ubuntu`, `22.04`; of RHEL's relatives only the major version.
        release: `jammy`, `el9`.
        arch: `x86_64` or `aarch64`; `deb_arch` as Debian says it.
    """

    def __init__(self, name, version, release, arch):
        self.family = "deb" if name in DEB else "rpm"
        self.name = name
        self.version = version
        self.release = release
        self.arch = arch
        self.deb_arch = ARCHITECTURES[arch]


def parse_os_release(text):
    """The fields of /etc/os-release."""
    found = re.findall(r"""^([A-Z_]+)=["']?(.*?)["']?\s*$""", text, re.MULTILINE)
    return dict(found)


def system_of(facts):
    """The system of a node.

    Args:
        facts: `os_release` (text), `arch`.

    Raises:
        Failure: `setup.failed`, it is none that is known.
    """
    fields = parse_os_release(facts["os_release"])
    name, version = fields.get("ID", "").lower(), fields.get("VERSION_ID", "")
    known = SUPPORTED.get(name, {})
    short = version if version in known else version.split(".")[0]
    if short not in known or facts["arch"] not in ARCHITECTURES:
        told = "%s on %s" % (fields.get("PRETTY_NAME") or name or "an unknown system", facts["arch"])
        names = "; ".join("%s %s" % (each, ", ".join(sorted(versions))) for each, versions in sorted(SUPPORTED.items()))
        raise Failure(
            "setup.failed",
            "The node runs %s, which the set-up roles do not know" % told,
            "Known are: %s. An image that has everything needs no set-up." % names,
            {"os": name, "version": version, "arch": facts["arch"]},
        )
    return System(name, short, known[short], facts["arch"])
