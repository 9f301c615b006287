"""Volumes of containers: what they are bound to, and whether a volume that is looked for on an engine is ours. Pure."""

import posixpath

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

LABEL = "stix.volume"
"""The label of volumes that stix made; its value is the name that the user knows."""


def binds(volumes):
    """What the engine is asked to mount, `source:target` with `:ro` where it is only read."""
    found = []
    for volume in volumes:
        source = volume.get("resource")
        if volume.get("host_path"):
            source = posixpath.normpath(posixpath.join(volume["host_path"], volume.get("sub_path") or ""))
        found.append("%s:%s%s" % (source, volume["target"], ":ro" if volume.get("mode") == "ro" else ""))
    return found


def require_volumes(client, volumes):
    """Makes sure that volumes are there, which the engine would make by itself, empty and without a word.

    Raises:
        Failure: `provision.config`.
    """
    for volume in volumes:
        if volume.get("host_path"):
            continue
        try:
            client.get_json("/volumes/{0}", volume["resource"])
        except Exception as error:
            if getattr(getattr(error, "response", None), "status_code", None) != 404:
                raise
            raise missing(volume) from error


def missing(volume):
    """The failure for a volume that is not on the engine."""
    return Failure(
        "provision.config",
        "The Docker engine has no volume '%s'" % volume["resource"],
        "Volumes lie on one engine: see which one DOCKER_HOST or the docker context means.",
        {"volume": volume.get("name", "")},
    )


def told(wanted, found, user):
    """What is there of wanted volumes: what the verb reports, with `there` and `fault`, an error record or None.

    Args:
        wanted: as the verb takes them.
        found: for each, what the engine says of it; None: there is none.
        user: whose volumes may be changed here.
    """
    return [_told(volume, there, user) for volume, there in zip(wanted, found, strict=True)]


def _told(volume, there, user):
    labels = (there or {}).get("Labels") or {}
    ours = labels.get(LABEL) == volume["name"] and labels.get("stix.user", "") == user
    fault = None
    if volume.get("existing") and not there:
        fault = missing(volume).record()
    elif there and not ours and not volume.get("existing"):
        fault = Failure(
            "provision.config",
            "The Docker engine has a volume '%s' that is somebody else's" % volume["resource"],
            "Choose another name, or take it as it is: use_existing: true.",
        ).record()
    report = {"name": volume["name"], "resource": volume["resource"], "id": volume["resource"]}
    return dict(report, ours=ours or not there and not volume.get("existing"), there=bool(there), fault=fault)
