"""Which image a machine starts from, who logs in to it, and the disk it gets. Pure but for one look-up each."""

import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

CANONICAL = "099720109477"
TRUSTED = ("self", "amazon", CANONICAL, "136693071363")
"""Owners whose images a name pattern may find: the account, AWS, Ubuntu, Debian. Anybody can publish any name."""

UBUNTU = "ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-{arch}-server-*"
ARCHES = {"x86_64": "amd64", "arm64": "arm64"}

GPU = {
    "x86_64": "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) *",
    "arm64": "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) *",
}
"""Images with NVIDIA's driver, by architecture; owned by AWS."""

LOGINS = (
    (r"ubuntu", "ubuntu"),
    (r"debian", "admin"),
    (r"amzn|al20\d\d|amazon|rhel|suse|deep learning.*amazon linux", "ec2-user"),
    (r"centos", "centos"),
    (r"rocky", "rocky"),
    (r"fedora", "fedora"),
)
"""Word in an image's name -> the login that its maker set up."""

DISKS = {
    "low": {"VolumeType": "standard"},
    "medium": {"VolumeType": "gp3", "Iops": 3500, "Throughput": 218},
    "high": {"VolumeType": "gp3", "Iops": 7000, "Throughput": 437},
    "ultra": {"VolumeType": "io2", "Iops": 20000},
}
DISKS["best"] = DISKS["ultra"]
"""disk_tier -> kind of volume; throughput in MiB/s. The same figures as SkyPilot's tiers."""


def login(name, default="ubuntu"):
    """The login of an image by its name."""
    for pattern, user in LOGINS:
        if re.search(pattern, name, re.IGNORECASE):
            return user
    return default


def image_wish(wish, region):
    """One image out of what a task may say: text, or a map region -> text with None for any region."""
    if isinstance(wish, dict):
        for key in (region, None, "null", ""):
            if key in wish:
                return str(wish[key] or "")
        raise Failure("provision.config", "image_id names no image for %s" % region, "", {"scope": "region"})
    return str(wish or "")


class Images:
    """Finds images.

    Args:
        ec2: a client.
        ssm: makes a client of SSM, called only for images that a parameter names.
        owners: further accounts whose images a name may find.
    """

    def __init__(self, ec2, ssm, owners=()):
        self.ec2 = ec2
        self.ssm = ssm
        self.owners = [*TRUSTED, *owners]

    def find(self, wish, arch, gpus):
        """The image as EC2 describes it: an id, `ssm:/a/parameter`, a name pattern (the newest), or the default.

        Raises:
            Failure: `provision.config`, there is none.
        """
        if re.fullmatch(r"ami-[0-9a-f]+", wish):
            return self._one({"ImageIds": [wish]}, wish)
        parameter = re.fullmatch(r"(?:resolve:)?ssm:(.+)", wish)
        if parameter:
            name = parameter.group(1)
            value = self.ssm().get_parameter(Name=name)["Parameter"]["Value"]
            return self._one({"ImageIds": [value]}, wish)
        if wish.startswith("docker:"):
            raise Failure("provision.unsupported", "A container image cannot be a machine's image on AWS yet", "")
        if wish:
            return self._newest(wish, arch, self.owners)
        if gpus:
            return self._newest(GPU[arch], arch, ["amazon"])
        return self._newest(UBUNTU.format(arch=ARCHES[arch]), arch, [CANONICAL])

    def _newest(self, pattern, arch, owners):
        filters = {"name": pattern, "architecture": arch, "state": "available"}
        return self._one(
            {"Owners": owners, "Filters": [{"Name": name, "Values": [value]} for name, value in filters.items()]},
            "%s (%s)" % (pattern, arch),
        )

    def _one(self, question, words):
        found = self.ec2.describe_images(**question)["Images"]
        if not found:
            raise Failure(
                "provision.config",
                "There is no image %s here" % words,
                "image_id may be an id of this region, ssm:/a/parameter, or a name with * in it.",
                {"scope": "region"},
            )
        return max(found, key=lambda image: image.get("CreationDate") or "")


def root_disk(image, size, tier, encrypted):
    """Block device mapping of the root disk; GiB, never smaller than the image's own."""
    name = image.get("RootDeviceName") or "/dev/sda1"
    devices = {device.get("DeviceName"): device.get("Ebs") or {} for device in image.get("BlockDeviceMappings") or []}
    least = devices.get(name, {}).get("VolumeSize") or 0
    disk = {"DeleteOnTermination": True, **DISKS.get(tier or "", {"VolumeType": "gp3"})}
    if size or least:
        disk["VolumeSize"] = max(int(size or 0), least)
    if encrypted:
        disk["Encrypted"] = True
    return {"DeviceName": name, "Ebs": disk}


def data_disks(wishes, encrypted):
    """Block device mappings of further disks, gone with their machine; `{size (GiB), tier?, device?}` each.

    Raises:
        Failure: `provision.config`, one of them has no size.
    """
    disks = []
    for letter, wish in zip("fghijklmnop", wishes or (), strict=False):
        if not str(wish.get("size", "")).isdigit() or set(wish) - {"size", "tier", "device"}:
            words = "extra_volumes of config.aws has %s" % wish
            hint = "Each is {size: 200, tier: high, device: /dev/sdf}; size in GiB, the others may be left out."
            raise Failure("provision.config", words, hint, {"scope": "cloud"})
        disk = {"DeleteOnTermination": True, **DISKS.get(wish.get("tier") or "", {"VolumeType": "gp3"})}
        disk |= {"VolumeSize": int(wish["size"]), **({"Encrypted": True} if encrypted else {})}
        disks.append({"DeviceName": wish.get("device") or "/dev/sd" + letter, "Ebs": disk})
    return disks
