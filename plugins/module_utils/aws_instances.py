"""Instances as EC2 describes them -> ours: states, ranks, what a verb reports. Pure."""

import re
import shutil

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

STATES = {
    "pending": "pending",
    "running": "running",
    "stopping": "stopping",
    "stopped": "stopped",
    "shutting-down": "gone",
    "terminated": "gone",
}
"""EC2's word for a state -> ours."""

SESSION = (
    "aws ssm start-session --target %s --region %s --document-name AWS-StartSSHSession --parameters portNumber=%%p"
)
"""How ssh reaches an instance through Systems Manager, which needs no open port and no public address."""


def require_session_manager(region):
    """Makes sure that this machine can open sessions of Systems Manager.

    Raises:
        Failure: `runner.missing_content`, a program for it is not installed.
    """
    lacking = [name for name in ("aws", "session-manager-plugin") if not shutil.which(name)]
    if lacking:
        raise Failure(
            "runner.missing_content",
            "%s is not installed, which use_ssm of config.aws needs" % " and ".join(lacking),
            "Install AWS's command line and its plugin for Session Manager.",
            {"region": region},
        )


def tags_of(thing):
    """Tags as a map."""
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags") or []}


def as_tags(words):
    """A map as EC2's tags, within its lengths."""
    return [{"Key": str(key)[:128], "Value": str(value)[:256]} for key, value in words.items()]


def rank_text(ranks):
    """Sorted ranks as short text: `0-3,7`."""
    spans = []
    for rank in ranks:
        if spans and spans[-1][1] == rank - 1:
            spans[-1][1] = rank
        else:
            spans.append([rank, rank])
    return ",".join("%d" % first if first == last else "%d-%d" % (first, last) for first, last in spans)


def rank_of(one):
    """The rank: its tag, or, when its maker was cut off before that, its place among those made with it."""
    tags = tags_of(one)
    if tags.get("stix-rank", "").isdigit():
        return int(tags["stix-rank"])
    ranks = []
    for span in re.findall(r"(\d+)(?:-(\d+))?", tags.get("stix-ranks", "")):
        ranks += range(int(span[0]), int(span[1] or span[0]) + 1)
    place = one.get("AmiLaunchIndex") or 0
    return ranks[place] if place < len(ranks) else place


def is_alive(one):
    """Whether it is there, running or not."""
    return STATES.get(one["State"]["Name"], "gone") != "gone"


def address(one, internal):
    """Where it is reached; empty while it has no address."""
    return one.get("PrivateIpAddress" if internal else "PublicIpAddress") or ""


def report(rank, one, params):
    """What a verb reports of it (docs/concepts/contracts.md, section 2).

    Args:
        params: the options of the module aws_machines.
    """
    tags, state = tags_of(one), STATES.get(one["State"]["Name"], "gone")
    cores = one.get("CpuOptions") or {}
    reason = (one.get("StateReason") or {}).get("Message") or one.get("StateTransitionReason") or ""
    wish = next((node for node in params["nodes"] if node["rank"] == rank), {})
    gpus = [{"name": name} for name, count in (wish.get("accelerators") or {}).items() for _ in range(int(count))]
    return {
        "name": tags.get("Name") or wish.get("name") or "%s-%d" % (tags.get("stix-cluster", "node"), rank),
        "rank": rank,
        "id": one["InstanceId"],
        "state": state,
        "private_ip": one.get("PrivateIpAddress") or "",
        "connection": _connection(one, tags, params) if state != "gone" else {},
        "agent_port": None,
        "cpus": (cores.get("CoreCount") or 0) * (cores.get("ThreadsPerCore") or 1) or None,
        "memory": None,
        "gpus": gpus,
        "details": {
            "account": one["OwnerId"],
            "zone": one["Placement"]["AvailabilityZone"],
            "zone_id": one["Placement"].get("AvailabilityZoneId"),
            "instance_type": one["InstanceType"],
            "image": one.get("ImageId"),
            "spot": one.get("InstanceLifecycle") == "spot",
            **({"reason": reason} if state != "running" and reason else {}),
            **({"preempted": True} if state != "running" and taken_back(one) else {}),
        },
    }


def shared_connection(settings, key_file, region):
    """Host variables that all instances of a region share: the private key, and the command that leads to them.

    Args:
        settings: the user's; `ssh_proxy_command` of these counts: text, or a map region -> text.
        key_file: the private key's path; may be empty.
    """
    proxy = None if settings.get("use_ssm") else settings.get("ssh_proxy_command")
    if isinstance(proxy, dict):
        proxy = proxy.get(region)
    words = ["-o IdentitiesOnly=yes"] if key_file else []
    words += ["-o ProxyCommand='%s'" % proxy] if proxy else []
    found = {"ansible_ssh_private_key_file": key_file} if key_file else {}
    return {**found, **({"ansible_ssh_common_args": " ".join(words)} if words else {})}


def taken_back(one):
    """Whether EC2 took a spot machine back, to end or to stop it."""
    return ".SpotInstance" in ((one.get("StateReason") or {}).get("Code") or "")


def _connection(one, tags, params):
    """Host keys are kept by instance: addresses wander from machine to machine."""
    more, config = dict(params["connection"]), params["config"]
    words = [more.pop("ansible_ssh_common_args", ""), "-o HostKeyAlias=%s" % one["InstanceId"]]
    if config.get("use_ssm"):
        words.append("-o ProxyCommand='%s'" % (SESSION % (one["InstanceId"], params["region"])))
    return {
        "ansible_connection": "ssh",
        "ansible_host": address(one, config.get("use_internal_ips")) or one.get("PrivateIpAddress") or "",
        "ansible_user": tags.get("stix-ssh-user") or config.get("ssh_user") or "ubuntu",
        "ansible_ssh_common_args": " ".join(word for word in words if word),
        **more,
    }
