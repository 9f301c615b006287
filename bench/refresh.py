"""`status --refresh` of 20 clusters on one AWS account of the lab: listing calls, and the time over an empty play."""

import json
from collections import Counter
from collections.abc import Iterator

from timing import Figure, in_turn, report, seconds
from world import STIX, World, world

from stix.model.cluster import Cluster
from stix.state.store import Store
from tests.lab.aws.lab import AwsLab

CLUSTERS = 20
REGIONS = ("us-east-1", "eu-west-1")
ACCOUNT = "123456789012"
IMAGE = "ami-00000000000000002"


def measure(rounds: int) -> Iterator[Figure]:
    """Against `stix gc --infra local`: one play that finds nothing."""
    with AwsLab() as aws, world() as here:
        here.env |= aws.environment
        _record(here, {f"c{number}": _make(aws, f"c{number}", REGIONS[number % 2]) for number in range(CLUSTERS)})
        cases = {
            "nothing": lambda: seconds([*STIX, "gc", "--infra", "local"], env=here.env),
            "refresh": lambda: seconds([*STIX, "status", "--refresh"], env=here.env),
        }
        times = in_turn(cases, rounds)
        aws.calls(forget=True)
        rows = here.data("status", "--refresh")
        calls = Counter(call["region"] for call in aws.calls() if call["action"].startswith("Describe"))
    if len(rows) != CLUSTERS or any(row["seen"] != "running" or row.get("note") for row in rows):
        raise RuntimeError(f"not every cluster was seen: {json.dumps(rows)[:500]}")
    over = sorted(one - none for one, none in zip(times["refresh"], times["nothing"], strict=True))
    name = f"stix status --refresh, {CLUSTERS} clusters in {len(REGIONS)} regions of AWS"
    yield Figure(f"{name}, over a play that does nothing", over[len(over) // 2], goal=3, samples=len(over))
    yield Figure(f"{name}: most listing calls in a region", max(calls.values()), "calls", goal=1)


def _make(aws: AwsLab, name: str, region: str) -> dict[str, str]:
    """A machine with the tags of a launch; `{id, region}`."""
    tags = {"Name": f"{name}-0", "stix-cluster": name, "stix-cluster-id": f"{name}-1", "stix-rank": "0"}
    words = [{"Key": key, "Value": value} for key, value in tags.items()]
    made = aws.client(region=region).run_instances(
        ImageId=IMAGE,
        InstanceType="m6i.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": words}],
    )
    return {"id": made["Instances"][0]["InstanceId"], "region": region}


def _record(here: World, made: dict[str, dict[str, str]]) -> None:
    """Write the machines down as running clusters."""
    here.stix_home.mkdir(mode=0o700, exist_ok=True)
    store = Store(here.stix_home / "state.db")
    for name, one in made.items():
        node = {"name": f"{name}-0", "rank": 0, "id": one["id"], "state": "running", "details": {"account": ACCOUNT}}
        words = {"phase": "ready", "seen": "running", "nodes": (node,)}
        cluster = Cluster(name, f"{name}-1", "bench", f"aws/{one['region']}", 1, **words)
        store.append(name, "intent", cluster.to_record())


if __name__ == "__main__":
    report(measure, rounds=5)
