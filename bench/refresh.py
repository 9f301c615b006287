"""`status --refresh` of 20 clusters on one AWS account of the lab: listing calls, and the time over an empty play."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator

from timing import Figure, in_turn, report, seconds
from world import STIX, World, world

from tests.lab.aws.lab import AwsLab

CLUSTERS = 20
REGIONS = ("us-east-1", "eu-west-1")
IMAGE = "ami-00000000000000002"


def measure(rounds: int) -> Iterator[Figure]:
    """Against `stix check local`'s play: Ansible started once for nothing."""
    with AwsLab() as aws, world() as here:
        here.env |= aws.environment
        for number in range(CLUSTERS):
            _make(aws, here, f"c{number}", REGIONS[number % len(REGIONS)])
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


def _make(aws: AwsLab, here: World, name: str, region: str) -> None:
    """A machine with the tags of a launch elsewhere, taken into the record."""
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    tags = {
        "Name": f"{name}-0",
        "stix-cluster": name,
        "stix-cluster-id": f"{name}-1",
        "stix-user": user,
        "stix-rank": "0",
    }
    words = [{"Key": key, "Value": value} for key, value in tags.items()]
    aws.client(region=region).run_instances(
        ImageId=IMAGE,
        InstanceType="m6i.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": words}],
    )
    here.stix("adopt", name, "--infra", f"aws/{region}", "--no-setup")


if __name__ == "__main__":
    report(measure, rounds=5)
