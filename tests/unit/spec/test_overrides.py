"""Flags win over the task file."""

import pytest

from stix.errors import UsageError
from stix.model.quantities import Quantity
from stix.model.resources import Resources
from stix.model.task import GitSource
from stix.spec.load import load_text
from stix.spec.overrides import Overrides, apply

TASK = load_text("""
name: train
workdir: .
resources:
  memory: 16+
  any_of:
    - infra: local
      accelerators: T4
    - infra: docker
      accelerators: L4
envs: {A: 1, B: 2}
secrets: {S: one}
""")


def test_nothing_given_changes_nothing() -> None:
    assert apply(TASK, Overrides()) == TASK


def test_every_candidate_changes() -> None:
    task = apply(
        TASK, Overrides(gpus="a100:8", cpus="8+", memory="64GB", image_id="docker:x", disk_size="1TB", ports=("80",))
    )
    assert [each.infra for each in task.resources] == ["local", "docker"] and task.resources_order == "any_of"
    for each in task.resources:
        assert each.accelerators == {"a100": 8}
        assert (each.cpus, each.memory) == (Quantity(8, or_more=True), Quantity(64))
        assert (each.image_id, each.disk_size, each.ports) == ("docker:x", 1024, ("80",))


def test_candidates_that_became_alike_are_one() -> None:
    task = apply(TASK, Overrides(infra="ssh/rack", gpus="none"))
    assert len(task.resources) == 1 and task.resources_order == "single"
    assert (task.resources[0].infra, task.resources[0].accelerators) == ("ssh/rack", None)


def test_none_takes_a_wish_away() -> None:
    assert apply(TASK, Overrides(memory="NONE")).resources[0].memory is None
    assert apply(TASK, Overrides(ports=("none",))).resources[0].ports == ()


@pytest.mark.parametrize(
    ("overrides", "fields"),
    [
        (Overrides(infra="aws/us-east-1"), {"infra": "aws/us-east-1"}),
        (Overrides(infra="none"), {"infra": None}),
        (Overrides(cloud="GCP"), {"infra": "gcp"}),
        (Overrides(cloud="gcp", zone="us-central1-a"), {"infra": "gcp/*/us-central1-a"}),
        (Overrides(cloud="none"), {"infra": None}),
        (Overrides(instance_type="m5.large"), {"instance_type": "m5.large"}),
        (Overrides(use_spot=False), {"use_spot": False}),
        (Overrides(job_recovery="failover"), {"job_recovery": {"strategy": "FAILOVER"}}),
        (Overrides(job_recovery="none"), {"job_recovery": {}}),
        (Overrides(job_recovery="dynamic_node_set"), {"job_recovery": {"strategy": "DYNAMIC_NODE_SET"}}),
        (Overrides(disk_tier="HIGH", network_tier="Best"), {"disk_tier": "high", "network_tier": "best"}),
        (Overrides(local_disk="500+"), {"local_disk": "nvme:500+"}),
        (Overrides(max_hourly_cost="2.5"), {"max_hourly_cost": 2.5}),
        (Overrides(priority="5"), {"priority": 5, "priority_class": None}),
        (Overrides(priority="high"), {"priority": None, "priority_class": "high"}),
        (Overrides(infra="gcp", gpus="tpu-v2-8"), {"accelerator_args": {"runtime_version": "tpu-vm-base"}}),
    ],
    ids=lambda value: "" if isinstance(value, Overrides) else str(value),
)
def test_wishes(overrides: Overrides, fields: dict[str, object]) -> None:
    for each in apply(TASK, overrides).resources:
        assert {name: getattr(each, name) for name in fields} == fields


def test_region_and_zone_change_what_each_candidate_says() -> None:
    task = load_text("resources: {any_of: [{infra: aws/us-east-1/us-east-1a}, {infra: gcp}]}")
    changed = apply(task, Overrides(region="eu-1", zone="none"))
    assert [each.infra for each in changed.resources] == ["aws/eu-1", "gcp/eu-1"]
    context = apply(load_text("resources: {infra: k8s}"), Overrides(region="arn:aws:eks:eu-1:1:cluster/a"))
    assert context.resources[0].infra == "kubernetes/arn:aws:eks:eu-1:1:cluster/a"


def test_everything_can_be_taken_away() -> None:
    written = "instance_type: a, cpus: 1, memory: 2, disk_tier: low, network_tier: best, local_disk: ssd, priority: 5"
    task = load_text(f"resources: {{{written}, max_hourly_cost: 1, image_id: {{a: b}}}}")
    words = "instance_type cpus memory disk_tier network_tier local_disk max_hourly_cost priority image_id".split()
    assert apply(task, Overrides(**dict.fromkeys(words, "none"))).resources == (Resources(),)


def test_config_is_laid_over_that_of_the_task() -> None:
    task = load_text("config: {kubernetes: {enable_docker: true, provision_timeout: 5}, docker: {run_options: [a]}}")
    changed = apply(task, Overrides(config={"kubernetes": {"enable_docker": None}, "docker": {"run_options": ["b"]}}))
    assert changed.resources[0].config == {"kubernetes": {"provision_timeout": 5}, "docker": {"run_options": ["b"]}}


def test_task_fields() -> None:
    task = apply(
        TASK, Overrides(name="other", num_nodes=3, workdir="/src", envs={"B": "3"}, secrets={"S": "planted", "T": "x"})
    )
    assert (task.name, task.num_nodes, task.workdir) == ("other", 3, "/src")
    assert task.envs == {"A": "1", "B": "3"}
    assert dict(task.secrets) == {"S": "planted", "T": "x"}
    assert "planted" not in repr(task) + repr(Overrides(secrets={"S": "planted"}))


def test_git_workdir() -> None:
    task = apply(TASK, Overrides(git_url="https://example.org/repo", git_ref="v1"))
    assert task.workdir == GitSource("https://example.org/repo", "v1")
    assert apply(task, Overrides(git_ref="v2")).workdir == GitSource("https://example.org/repo", "v2")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (Overrides(cpus="lots"), "--cpus must be a number above zero such as 4 or 4+, not 'lots'"),
        (Overrides(gpus="A100:x"), "--gpus must be a name and a count such as A100:8, not 'A100:x'"),
        (Overrides(infra="awss"), "--infra names 'awss', which is no infrastructure that stix knows"),
        (Overrides(cloud="awss"), "--cloud names 'awss', which is no infrastructure that stix knows"),
        (Overrides(infra="aws", region="us-east-1"), "--infra and --region both say where"),
        (Overrides(region="eu/1"), "--region must be one name without a slash, not 'eu/1'"),
        (Overrides(zone="eu/1a"), "--zone must be one name without a slash, not 'eu/1a'"),
        (Overrides(disk_tier="hihg"), "--disk-tier must be one of low, medium, high, ultra, best, not 'hihg'"),
        (Overrides(network_tier="bets"), "--network-tier must be one of standard, best, not 'bets'"),
        (Overrides(max_hourly_cost="cheap"), "--max-hourly-cost must be a number of dollars above zero, not 'cheap'"),
        (Overrides(max_hourly_cost=0), "--max-hourly-cost must be a number of dollars above zero, not 0"),
        (
            Overrides(job_recovery="failovr"),
            "--job-recovery must be one of FAILOVER, EAGER_NEXT_REGION, none, not 'failovr'",
        ),
        (Overrides(priority="1001"), "--priority must be a whole number from -1000 to 1000, not 1001"),
        (
            Overrides(infra="k8s", instance_type="m5.large"),
            "--instance-type names 'm5.large', which is no instance type of 'kubernetes'",
        ),
        (Overrides(infra="aws", gpus="tpu-v2-8"), "--gpus asks for the TPU 'tpu-v2-8', which 'aws' does not have"),
        (Overrides(gpus="24GB+"), "--gpus must name one accelerator such as A100-80GB here, not a memory ('24GB+')"),
        (
            Overrides(local_disk="hdd"),
            "--local-disk must be a kind (nvme or ssd), a size in GB, or both as in nvme:1000+, not 'hdd'",
        ),
        (Overrides(ports=("80", "none")), "--ports names ports and none"),
        (Overrides(config={"kubernets": {}}), "--config: unknown key 'kubernets' under 'config'"),
        (Overrides(num_nodes=0), "--num-nodes must be at least 1, not 0"),
        (Overrides(ports=("80", "x")), "--ports must be ports from 1 to 65535 such as 8080 or 9000-9010, not 'x'"),
        (
            Overrides(envs={"a b": ""}),
            "--env must be named with letters, digits and underscores, the first no digit, not 'a b'",
        ),
        (Overrides(git_ref="v1"), "--git-ref needs a git repository"),
        (Overrides(workdir=".", git_url="u"), "--workdir and --git-url cannot both be given"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_flag_is_named(overrides: Overrides, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        apply(TASK, overrides)
    assert (raised.value.code, raised.value.message) == ("usage", message)
