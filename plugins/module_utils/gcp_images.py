"""Which image a machine starts from, and the kind of its disk."""

import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last

LEARNING = "deeplearning-platform-release"
ACCELERATED = "ubuntu-os-accelerator-images"
UBUNTU = {
    "X86_64": "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64",
    "ARM64": "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-arm64",
}
GPU = {
    "X86_64": "projects/%s/global/images/family/common-cu129-ubuntu-2204-nvidia-580" % LEARNING,
    "ARM64": "projects/%s/global/images/family/ubuntu-accelerator-2404-arm64-with-nvidia-580" % ACCELERATED,
}
"""Images with NVIDIA's driver, by architecture: a Deep Learning VM, and Ubuntu's own where there is none."""

LEAST_DISK = 50
"""GiB of a root disk whose size nobody asks for: Ubuntu's own 10 are too few to work with."""

HYPERDISK_ONLY = r"(n4|n4a|n4d|c4|c4a|c4d|a4|a4x|g4|h4d|m4|x4)-.*|a3-ultragpu-.*"
"""Machines without persistent disks (cloud.google.com/compute/docs/disks: machine series support)."""

NO_STANDARD = r"(g2|a3|c3|c3d|z3|h3)-.*"
"""Machines that pd-standard cannot be attached to."""

EXTREME = r"n2-(standard|highmem|highcpu)-(64|80|96|128)|(m1|m2|m3)-.*"
"""Machines that take pd-extreme, at its full speed."""

TIERS = {"low": "pd-standard", "medium": "pd-balanced", "high": "pd-ssd", "ultra": "pd-extreme", "best": "pd-extreme"}
"""disk_tier -> kind of disk; the same as SkyPilot's tiers."""

HYPERDISKS = {"high": (16000, 800), "ultra": (80000, 2400), "best": (80000, 2400)}
"""disk_tier -> IOPS and MiB/s that a hyperdisk-balanced is asked for, as far as its size allows."""

EXTREME_IOPS = 20000


def image_wish(wish, region):
    """One image out of what a task may say: text, or a map region -> text with None for any region."""
    if isinstance(wish, dict):
        for key in (region, None, "null", ""):
            if key in wish:
                return str(wish[key] or "")
        raise Failure("provision.config", "image_id names no image for %s" % region, "", {"scope": "region"})
    return str(wish or "")


def find_image(api, wish, arch, gpus):
    """The image as Compute Engine describes it: a link or path, `family/NAME`, a name, a name with `*`, the default.

    Args:
        api: Compute Engine.
        wish: text; empty: the default.
        arch: `X86_64` or `ARM64`.
        gpus: whether the machine has GPUs.

    Raises:
        Failure: `provision.config`, there is none; `provision.unsupported`.
    """
    if wish.startswith("docker:"):
        raise Failure("provision.unsupported", "A container image cannot be a machine's image on Google Cloud yet")
    if "*" in wish:
        return _newest(api, wish, arch)
    for path in paths(wish or (GPU if gpus else UBUNTU)[arch], api.project):
        found = api.get("https://compute.googleapis.com/compute/v1/" + path)
        if found:
            return found
    raise _no_image(wish)


def paths(wish, project):
    """Paths at which an image may be, best first."""
    text = wish.partition("/compute/v1/")[2] or wish
    if text.startswith("projects/"):
        return [text]
    if text.startswith("global/images/"):
        return ["projects/%s/%s" % (project, text)]
    images = "projects/%s/global/images/" % project
    return [images + text] if "/" in text else [images + text, images + "family/" + text]


def _newest(api, pattern, arch):
    """The newest image of the project, or of the project before a slash, whose name fits."""
    project, _, name = pattern.rpartition("/")
    path = "https://compute.googleapis.com/compute/v1/projects/%s/global/images" % (last(project) or api.project)
    regex = "".join(".*" if ch == "*" else re.escape(ch) for ch in name)
    every = api.list(path, filter='name eq "%s"' % regex)
    fits = [one for one in every if re.fullmatch(regex, one["name"]) and one.get("architecture") in (None, arch)]
    usable = [one for one in fits if not one.get("deprecated")]
    if not usable:
        raise _no_image(pattern)
    return max(usable, key=lambda one: one.get("creationTimestamp") or "")


def _no_image(wish):
    return Failure(
        "provision.config",
        "Google Cloud has no image '%s'" % wish,
        "image_id may be projects/P/global/images/NAME or .../family/NAME, a name of your project, or a name with *.",
        {"scope": "region"},
    )


def disk(image, kind, size, tier):
    """Type, GiB and, where it can be chosen, speed of a root disk, as `initializeParams`; never smaller than the image.

    Raises:
        Failure: `provision.unsupported`, the tier is not to be had with this type of machine.
    """
    gib = max(int(size or LEAST_DISK), int(image.get("diskSizeGb") or 0))
    params = {"sourceImage": image["selfLink"], "diskSizeGb": str(gib), "diskType": "pd-balanced"}
    if re.fullmatch(HYPERDISK_ONLY, kind):
        params["diskType"] = "hyperdisk-balanced"
        if tier in HYPERDISKS:
            iops, rate = HYPERDISKS[tier]
            iops = max(3000, min(iops, 500 * gib))
            params |= {"provisionedIops": str(iops), "provisionedThroughput": str(max(140, min(rate, iops // 4)))}
        return params
    params["diskType"] = TIERS.get(tier or "medium", "pd-balanced")
    if params["diskType"] == "pd-standard" and re.fullmatch(NO_STANDARD, kind):
        params["diskType"] = "pd-balanced"
    if params["diskType"] == "pd-extreme":
        if re.fullmatch(EXTREME, kind):
            return {**params, "provisionedIops": str(EXTREME_IOPS)}
        if tier == "ultra":
            raise Failure(
                "provision.unsupported",
                "disk_tier ultra (pd-extreme) goes with few machines, and not with %s" % kind,
                "disk_tier: best takes the quickest that the machine has.",
                {"scope": "type"},
            )
        params["diskType"] = "pd-ssd"
    return params
