"""Instances that somebody else made become a cluster's: what has to be written on them."""

from ansible_collections.stix.core.plugins.module_utils.aws_images import login
from ansible_collections.stix.core.plugins.module_utils.aws_instances import is_alive, tags_of
from ansible_collections.stix.core.plugins.module_utils.aws_request import cluster_tags
from ansible_collections.stix.core.plugins.module_utils.failure import Failure


def adopted(api, params, held):
    """Id of an instance -> the tags that it lacks; without those that lack none.

    Disks and network cards of such a machine stay its former owner's: they are not marked.

    Args:
        api: EC2.
        params: the options of the module aws_machines.
        held: rank -> id of the machines that the cluster has.

    Raises:
        Failure: `provision.config`: one is not there, ended, or of another cluster; or two have one rank.
    """
    wishes = params["adopt"]
    ids = [str(wish["id"]) for wish in wishes]
    found = {one["InstanceId"]: one for one in api.instances(instance_id=ids)} if ids else {}
    ranks = dict(held)
    for wish in wishes:
        _require(wish, found.get(wish["id"]), params["cluster_id"], api.region)
        if ranks.setdefault(int(wish["rank"]), wish["id"]) != wish["id"]:
            words = "Rank %d of the cluster is %s already" % (wish["rank"], ranks[int(wish["rank"])])
            raise Failure("provision.config", words, "Give each machine a rank of its own.", {})
    logins = _logins(api, params, found.values())
    changes = {}
    for wish in wishes:
        have = tags_of(found[wish["id"]])
        own = {"stix-rank": str(wish["rank"]), "Name": wish["name"]}
        if "stix-ssh-user" not in have:
            own["stix-ssh-user"] = logins[wish["id"]]
        lacking = {k: v for k, v in {**cluster_tags(params), **own}.items() if have.get(k) != v and k != "stix-run"}
        if lacking:
            changes[wish["id"]] = lacking
    return changes


def _require(wish, one, cluster_id, region):
    """Makes sure that a machine may be taken."""
    owner = tags_of(one or {}).get("stix-cluster-id")
    if one is None:
        words, hint = "has no machine %s" % wish["id"], "Is it in another region, or of another account?"
    elif not is_alive(one):
        words, hint = "%s is %s" % (wish["id"], one["State"]["Name"]), "Only machines that exist can be adopted."
    elif owner and owner != cluster_id:
        words, hint = "%s belongs to the cluster %s" % (wish["id"], owner), "Adopt it as that cluster."
    else:
        return
    raise Failure("provision.config", "AWS %s: %s" % (region, words), hint, {"region": region})


def _logins(api, params, instances):
    """Id of an instance -> who logs in, by its image's name."""
    user = params["config"].get("ssh_user")
    images = [] if user else sorted({one["ImageId"] for one in instances})
    filters = [{"Name": "image-id", "Values": images}]
    named = api.call("describe_images", Filters=filters)["Images"] if images else []
    names = {image["ImageId"]: image.get("Name") or "" for image in named}
    return {one["InstanceId"]: user or login(names.get(one["ImageId"], "")) for one in instances}
