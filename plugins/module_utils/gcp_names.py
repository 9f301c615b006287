"""Names, labels and links by Google Cloud's rules. Pure."""

import hashlib
import json
import re
import uuid

from ansible_collections.stix.core.plugins.module_utils.deadline import kept_deadline

LONGEST = 63

FRESH = ("stix-deadline", "stix-on-shutdown")
"""Labels of machines that a later launch may change."""


def digest(text):
    """Eight characters that tell texts apart."""
    return hashlib.sha256(str(text).encode()).hexdigest()[:8]


def label_value(text):
    """A label's value: small letters of any script, digits, dashes, at most 63 of them."""
    small = str(text).lower()
    return "".join(ch if _plain(ch) else "-" for ch in small)[:LONGEST]


def label_key(text):
    """A label's name: as a value, and it begins with a letter."""
    key = label_value(text)
    return key if key and key[0].isalpha() else ("l-" + key)[:LONGEST]


def _plain(ch):
    return ch in "-_" or (ch.isalnum() and not ch.isupper() and not ch.istitle())


def exact_label(text):
    """A value that differs where texts differ: one that had to be changed carries a digest of what it was."""
    value = label_value(text)
    return value if value == str(text) else "%s-%s" % (value[: LONGEST - 9], digest(text))


def base_name(cluster_id):
    """What names of a cluster's things begin with: small letters, digits and dashes, short enough for a rank."""
    name = re.sub(r"[^a-z0-9-]+", "-", str(cluster_id).lower()).strip("-")
    if name == cluster_id and len(name) <= 50 and name[0].isalpha():
        return name
    return "%s-%s" % (("c-" + name if not name[:1].isalpha() else name)[:41].rstrip("-"), digest(cluster_id))


def machine_name(cluster_id, rank):
    """The name of an instance: the same node always has the same one, so it cannot be made twice in a zone."""
    return "%s-%d" % (base_name(cluster_id), rank)


def tag_of(cluster_id):
    """The network tag, and the firewall rule's name, of one cluster."""
    return "stix-" + base_name(cluster_id)


def request_id():
    """The id of a new request; whoever sends it again does so with the same id, and it is the same request."""
    return str(uuid.uuid4())


def last(link):
    """The last part of a link or path."""
    return str(link or "").rpartition("/")[2]


def part(link, collection):
    """What follows a collection's name in a link: `part(".../zones/us-east1-b/disks/d", "zones")`."""
    found = re.search(r"(?:^|/)%s/([^/]+)" % collection, str(link or ""))
    return found.group(1) if found else ""


def region_of(zone):
    """The region of a zone."""
    return zone.rpartition("-")[0]


def cluster_labels(params):
    """Labels of all that belongs to a cluster."""
    theirs = {**(params["config"].get("labels") or {}), **_wished(params)}
    labels = {label_key(key): label_value(value) for key, value in theirs.items()}
    ours = {
        "stix-cluster": label_value(params["cluster"]),
        "stix-cluster-id": exact_label(params["cluster_id"]),
        "stix-user": label_value(params["user"]),
        "stix-run": label_value(params["run_id"]),
        "stix-deadline": str(params["deadline"] or ""),
        "stix-on-shutdown": params["on_shutdown"],
    }
    return {**labels, **{key: value for key, value in ours.items() if value}}


def renewed_labels(params, have):
    """Labels of a machine with those of `have`, as they should be now."""
    wanted = cluster_labels(params)
    if "stix-deadline" in wanted:
        wanted["stix-deadline"] = kept_deadline(have.get("stix-deadline", ""), wanted["stix-deadline"])
    others = {key: value for key, value in have.items() if key not in FRESH}
    return {**others, **{key: wanted[key] for key in FRESH if key in wanted}}


def _wished(params):
    return (params["nodes"][0].get("labels") or {}) if params["nodes"] else {}


def described(one):
    """What we wrote into the description of a thing; empty when it is none of ours."""
    try:
        told = json.loads(one.get("description") or "")
    except ValueError:
        return {}
    return told if isinstance(told, dict) and ("cluster_id" in told or told.get("stix") == "shared") else {}


def facts(params, user):
    """What labels cannot hold, as text for metadata and descriptions: names as they are, and who logs in."""
    told = {key: params[key] for key in ("cluster", "cluster_id", "user", "run_id")}
    return json.dumps({**told, "login": user}, sort_keys=True)
