"""Whose project it is, and what may be done in it."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

PERMISSIONS = tuple(
    "compute." + word
    for word in (
        "instances.create instances.delete instances.get instances.list instances.start instances.stop "
        "instances.setLabels instances.setMetadata instances.setTags disks.create disks.list disks.setLabels "
        "networks.get networks.updatePolicy subnetworks.list subnetworks.use subnetworks.useExternalIp "
        "firewalls.create firewalls.delete firewalls.get firewalls.list firewalls.update "
        "machineTypes.list regions.get projects.get zoneOperations.get globalOperations.get"
    ).split()
)
"""What every launch needs; docs/guides/gcp.md has these and those of rarer needs."""

TEST = "https://cloudresourcemanager.googleapis.com/v1/projects/%s:testIamPermissions"


def look(api):
    """`{account, missing, note}`: the project, the permissions that are missing, what could not be found out.

    Raises:
        Failure: `provision.auth` and others: nobody answers, or not to us.
    """
    if api.get("") is None:
        raise Failure(
            "provision.auth",
            "There is no project '%s', or it is not to be seen" % api.project,
            "gcloud projects list shows which there are; config gcp.project_id chooses one.",
            {"scope": "cloud"},
        )
    try:
        granted = api.call("POST", TEST % api.project, {"permissions": list(PERMISSIONS)}).get("permissions") or ()
    except Failure as failure:
        if failure.code not in ("provision.config", "provision.permission"):
            raise
        return {"account": api.project, "missing": [], "note": "permissions were not looked at: " + failure.message}
    return {"account": api.project, "missing": [one for one in PERMISSIONS if one not in granted], "note": ""}
