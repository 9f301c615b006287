"""Which image a machine starts from, and the disk it gets. Pure but for one look-up of an image that is not ours."""

import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

UBUNTU = {
    ("x86_64", 2): "Canonical:ubuntu-24_04-lts:server:latest",
    ("x86_64", 1): "Canonical:ubuntu-24_04-lts:server-gen1:latest",
    ("arm64", 2): "Canonical:ubuntu-24_04-lts:server-arm64:latest",
}
"""(architecture, generation) -> the default image."""

GPU = "microsoft-dsvm:ubuntu-hpc:2204:latest"
"""The image with NVIDIA's driver, CUDA and NCCL that Microsoft keeps for its GPU machines."""

DISKS = {"low": "Standard_LRS", "medium": "StandardSSD_LRS", "high": "Premium_LRS"}
"""disk_tier -> kind of managed disk, as in SkyPilot."""

GALLERY = re.compile(r"^/?(CommunityGalleries|SharedGalleries)/", re.IGNORECASE)
WAYS = (
    "image_id may be publisher:offer:sku:version, the id of an image, or "
    "/CommunityGalleries/NAME/Images/IMAGE/Versions/latest."
)


def image_wish(wish, region):
    """One image out of what a task may say: text, or a map region -> text with None for any region."""
    if isinstance(wish, dict):
        for key in (region, None, "null", ""):
            if key in wish:
                return str(wish[key] or "")
        raise Failure("provision.config", "image_id names no image for %s" % region, "", {"scope": "region"})
    return str(wish or "")


def choose_image(api, wish, size):
    """`(imageReference, plan)` of a machine; plan is None where none is needed.

    Args:
        wish: text; empty: the default of the instance type.
        size: the instance type, a `Size`.

    Raises:
        Failure: `provision.config`, there is none.
    """
    if wish.startswith("docker:"):
        raise Failure("provision.unsupported", "A container image cannot be a machine's image on Azure yet", "")
    if not wish:
        default = GPU if size.gpus and size.arch == "x86_64" else UBUNTU.get((size.arch, size.generation))
        return _urn(default or UBUNTU[size.arch, 2]), None
    gallery = GALLERY.match(wish)
    if gallery:
        kind = "communityGalleryImageId" if gallery.group(1).lower().startswith("community") else "sharedGalleryImageId"
        return {kind: "/" + wish.lstrip("/")}, None
    if wish.lower().startswith("/subscriptions/"):
        return {"id": wish}, _gallery_plan(api, wish)
    if wish.count(":") == 3:
        return _urn(wish), _market_plan(api, _urn(wish))
    raise Failure("provision.config", "'%s' is no image of Azure" % wish, WAYS, {"scope": "region"})


def _urn(text):
    return dict(zip(("publisher", "offer", "sku", "version"), text.split(":"), strict=True))


def _market_plan(api, urn):
    """The plan of an image of the marketplace; most images of publishers of free systems have none."""
    place = "%s/providers/Microsoft.Compute/locations/%s" % (api.root, api.region)
    words = "%s/publishers/%s/artifacttypes/vmimage/offers/%s/skus/%s/versions"
    path = words % (place, urn["publisher"], urn["offer"], urn["sku"])
    version = urn["version"]
    if version == "latest":
        found = api.every(path, __top="1", __orderby="name desc")
        version = found[0]["name"] if found else ""
    about = api.get("%s/%s" % (path, version)) if version else None
    if about is None:
        words = "Azure %s has no image %s" % (api.region, ":".join(urn.values()))
        raise Failure("provision.config", words, WAYS, {"scope": "region", "region": api.region})
    plan = (about.get("properties") or {}).get("plan")
    return {key: plan[key] for key in ("name", "publisher", "product")} if plan else None


def _gallery_plan(api, identity):
    """The plan of an image that was made from one of the marketplace."""
    definition = re.split(r"/versions/", identity, flags=re.IGNORECASE)[0]
    if "/galleries/" not in definition.lower():
        return None
    plan = ((api.get(definition) or {}).get("properties") or {}).get("purchasePlan")
    return {key: plan[key] for key in ("name", "publisher", "product")} if plan else None


def root_disk(name, gib, tier, size):
    """`osDisk` of a machine; it goes with the machine.

    Raises:
        Failure: `provision.unsupported`, there is no such disk to start from; `provision.config`, not with this type.
    """
    if tier == "ultra":
        raise Failure(
            "provision.unsupported",
            "Azure starts no machine from an Ultra or Premium v2 disk",
            "disk_tier: high is the fastest; Ultra and Premium v2 disks can only be added as further disks.",
            {"scope": "cloud"},
        )
    if tier == "best":
        tier = "high" if size.premium else "medium"
    if tier == "high" and size.sku and not size.premium:
        raise Failure(
            "provision.config",
            "%s takes no premium disk" % size.name,
            "Use disk_tier: medium, or a type with an s in its name.",
            {"scope": "type", "region": size.region},
        )
    kind = DISKS.get(tier or "") or ("Premium_LRS" if size.premium else "StandardSSD_LRS")
    disk = {"name": name, "createOption": "FromImage", "deleteOption": "Delete", "caching": "ReadWrite"}
    disk["managedDisk"] = {"storageAccountType": kind}
    return {**disk, "diskSizeGB": int(gib)} if gib else disk
