"""Machines on AWS: the role's `ensure` against boto3 alone, `stix up` against SkyPilot's recorded figures.

The account is the test lab's (moto): the same one for both sides. By hand is one Python program that makes the calls
that the role makes, in the same order, with boto3's defaults. `up` runs on real SSH machines, whose image has Python.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from timing import Figure, absolute, compared, in_turn, report, seconds
from world import ROOT, STIX, World, world

from tests.lab.aws.lab import AwsLab
from tests.lab.engine import DockerLab

SKYPILOT = {"first": 49.6, "again": 47.8}
"""Seconds of `sky launch` of the same job on the same kind of account, SkyPilot 0.14.1 with its API server running and
everything in the machine image already; the best of its runs, 2026-11-22, 2 cores, 24 GiB."""

KIND = "m6i.large"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKOxXTpTNIKg/6xbqIVMpSCuMXEe2ubqzCFkWtStDMCA me@here"
HAND = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
import boto3
name, count = sys.argv[1], int(sys.argv[2])
ec2, quotas = boto3.client("ec2"), boto3.client("service-quotas")
ours = [{"Name": "tag:stix-cluster-id", "Values": [name]}]
def look():
    return [one for page in ec2.describe_instances(Filters=ours)["Reservations"] for one in page["Instances"]]
look()
vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["stix"]}])["SecurityGroups"]
[key] = ec2.describe_key_pairs()["KeyPairs"]
zone = [{"Name": "instance-type", "Values": ["KIND"]}]
ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=zone)
quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")
ec2.describe_instances(Filters=[{"Name": "instance-type", "Values": ["m*"]}])
ec2.describe_instance_types(InstanceTypes=["KIND"])
names = [{"Name": "name", "Values": ["ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-amd64-server-*"]}]
images = ec2.describe_images(Owners=["099720109477"], Filters=names)["Images"]
tags = [{"ResourceType": "instance", "Tags": [{"Key": "stix-cluster-id", "Value": name}]}]
card = {"DeviceIndex": 0, "AssociatePublicIpAddress": True, "SubnetId": subnets[0]["SubnetId"],
        "Groups": [groups[0]["GroupId"]]}
made = ec2.run_instances(ImageId=images[-1]["ImageId"], InstanceType="KIND", MinCount=count, MaxCount=count,
                         KeyName=key["KeyName"], NetworkInterfaces=[card], TagSpecifications=tags)["Instances"]
while not all(one["State"]["Name"] == "running" for one in look()):
    time.sleep(0.3)
if count > 1:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: ec2.create_tags(Resources=[one["InstanceId"]], Tags=tags[0]["Tags"]), made))
look()
look()
""".replace("KIND", KIND)


class ByHand:
    """boto3 alone."""

    def __init__(self, aws: AwsLab, count: int) -> None:
        self.aws, self.count, self.number = aws, count, 0

    def __call__(self) -> float:
        self.number += 1
        words = [sys.executable, "-c", HAND, f"hand-{self.count}-{self.number}", str(self.count)]
        took = seconds(words, env=os.environ | self.aws.environment)
        _empty(self.aws)
        return took


class Ensure:
    """The playbook `stix.core.provision`: a fresh Ansible each time, as `ansible-playbook` starts it."""

    def __init__(self, aws: AwsLab, folder: Path, count: int) -> None:
        self.aws, self.folder, self.count, self.number = aws, folder, count, 0

    def __call__(self) -> float:
        self.number += 1
        took = self.play(f"role-{self.count}-{self.number}")
        _empty(self.aws)
        return took

    def play(self, cluster_id: str) -> float:
        """Seconds of one play."""
        hosts = self.folder / "hosts.json"
        hosts.write_text(json.dumps(_inventory(cluster_id, self.count)))
        words = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(hosts), "stix.core.provision"]
        path = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_LOCALHOST_WARNING": "False"}
        return seconds(words, env=os.environ | self.aws.environment | path)


def _inventory(cluster_id: str, count: int) -> dict[str, object]:
    nodes = [{"name": f"n-{rank}", "rank": rank, "instance_type": KIND} for rank in range(count)]
    names = {"stix_cluster": "bench", "stix_cluster_id": cluster_id, "stix_user": "ann", "stix_cloud_role": "aws"}
    localhost = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    words = {"stix_region": "us-east-1", "stix_wanted_nodes": nodes, "stix_public_key": KEY}
    groups = {"stix_cloud": {"hosts": {"localhost": localhost}, "vars": words}}
    return {"all": {"vars": {**names, "stix_num_nodes": count}, "children": groups}}


def _empty(aws: AwsLab) -> None:
    ids = [one["InstanceId"] for one in aws.instances()]
    if ids:
        aws.client().terminate_instances(InstanceIds=ids)


def _overhead(rounds: int) -> Iterator[Figure]:
    with AwsLab() as aws, tempfile.TemporaryDirectory() as folder:
        first = Ensure(aws, Path(folder), 1)
        first()  # makes the firewall group and the key pair
        for count, goal in ((1, 3), (16, 5)):
            role = Ensure(aws, Path(folder), count)
            times = in_turn({"hand": ByHand(aws, count), "role": role}, rounds)
            more = [mine - other for mine, other in zip(times["role"], times["hand"], strict=True)]
            yield compared(f"ensure, {count} nodes on AWS", times["role"], "boto3 alone", times["hand"])
            yield absolute(f"ensure, {count} nodes on AWS, over boto3 alone", more, "s", goal)
            again = [role.play("again") for _ in range(rounds + 1)][1:]
            yield absolute(f"ensure, {count} nodes on AWS, nothing to do", again)
            _empty(aws)


def _launches(rounds: int) -> Iterator[Figure]:
    with DockerLab() as engine, AwsLab(engine) as aws, world() as here:
        here.env |= aws.environment
        here.stix("check", "aws")
        task = here.task("task", "name: hello\nrun: echo hello\n")
        times: dict[str, list[float]] = {"first": [], "again": []}
        for number in range(rounds):
            name = f"aws{number}"
            here.clusters.add(name)
            for which in times:
                times[which].append(_up(here, name, task))
            here.down(name)
        for which, words, goal in (("first", "first", 0.25), ("again", "second", 0.1)):
            base = [SKYPILOT[which]] * rounds
            yield compared(f"stix up, AWS, {words}", times[which], "SkyPilot 0.14.1, recorded", base, goal)


def _up(here: World, name: str, task: str) -> float:
    words = [*STIX, "up", "-y", "-c", name, "--infra", "aws/us-east-1", "--instance-type", KIND, task]
    began = time.perf_counter()
    done = subprocess.run(words, env=here.env, capture_output=True, text=True, check=False)
    if done.returncode or "hello" not in done.stdout:
        raise RuntimeError(f"stix up ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    return time.perf_counter() - began


def measure(rounds: int) -> Iterator[Figure]:
    """The role first, then whole launches."""
    yield from _overhead(rounds)
    yield from _launches(rounds)


if __name__ == "__main__":
    report(measure, rounds=3)
