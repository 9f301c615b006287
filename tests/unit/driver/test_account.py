"""What the roles of clouds with instance types are told, and what of a refusal is tried elsewhere."""

import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stix.config.layers import load_layers
from stix.config.tree import merge
from stix.driver.account import account_vars, key_file, limit_note
from stix.driver.autostop import check_autostop
from stix.driver.machines import node_vars
from stix.driver.session import World
from stix.driver.settings import Settings, settings_of
from stix.errors import ProvisionError, UsageError
from stix.inventory.render import inventory, wanted_nodes
from stix.model.cluster import Cluster
from stix.runner.environment import scrubbed, secret

RECORD = {
    "name": "demo", "cluster_id": "demo-1", "user": "ann", "infra": "aws/us-east-1", "num_nodes": 2,
    "instance": "m6i.large", "zones": ["use1-az1", "use1-az2"], "launched_at": 1000.0,
    "resources": {"cpus": "2", "use_spot": True, "disk_tier": "high"},
    "autostop": {"idle_minutes": 5, "down": True, "wait_for": "jobs", "lifetime_minutes": 10},
}  # fmt: skip


@pytest.fixture
def world(safe_world: Path) -> World:
    folder = safe_world / ".stix"
    folder.mkdir(mode=0o700)
    (folder / "config.yaml").write_text("aws: {vpc_name: '{{ ours }}', labels: {team: x}}\n")
    return World()


def test_a_cloud_is_told_where_by_which_key_and_how(world: World) -> None:
    cluster = Cluster.from_record(RECORD)
    told = account_vars(world, cluster)
    key = Path(told["stix_private_key_file"])
    assert told["stix_public_key"] == key.with_suffix(".pub").read_text().strip().replace("\n", "")
    assert told["stix_region"] == "us-east-1" and told["stix_zones"] == ["use1-az1", "use1-az2"]
    assert told["stix_on_shutdown"] == "terminate" and told["stix_deadline"] == 1600
    assert told["stix_account"] == ""
    node = {"name": "demo-0", "rank": 0, "details": {"account": "012345678901"}}
    assert account_vars(world, Cluster.from_record({**RECORD, "nodes": [node]}))["stix_account"] == "012345678901"
    assert told["stix_cloud_config"] == {"vpc_name": "{{ ours }}", "labels": {"team": "x"}}
    assert type(told["stix_cloud_config"]["vpc_name"]) is not str, "a user's braces are no template"
    nodes = wanted_nodes(cluster)
    assert [(node["instance_type"], node["use_spot"], node["disk_tier"]) for node in nodes] == [
        ("m6i.large", True, "high")
    ] * 2
    assert Cluster.from_record(cluster.to_record()) == cluster


def test_an_account_alone_needs_no_key(world: World) -> None:
    told = account_vars(world, Cluster("aws", "check", "", "aws", 0))
    assert told["stix_region"] == "" and "stix_public_key" not in told and not world.home.keys.exists()


def test_one_key_for_all_and_for_its_owner_only(safe_world: Path) -> None:
    folder = safe_world / "keys"
    with ThreadPoolExecutor(8) as pool:
        [key] = set(pool.map(key_file, [folder] * 8))
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600 and stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    shown = subprocess.run(["ssh-keygen", "-y", "-f", key], capture_output=True, text=True, check=True).stdout
    assert shown.split()[:2] == Path(f"{key}.pub").read_text().split()[:2] and shown.startswith("ssh-ed25519")


def test_a_new_machine_may_boot_and_lets_itself_go(world: World, tmp_path: Path) -> None:
    run = type("R", (), {"world": world})()
    fresh = node_vars(run, Cluster.from_record(RECORD))
    ready = node_vars(run, Cluster.from_record(RECORD | {"phase": "ready"}))
    assert fresh["stix_boot_seconds"] > 0 and "stix_boot_seconds" not in ready
    assert ready["skylet_down_command"][:3] == ["sudo", "-n", "shutdown"]


def test_settings_of_clouds(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("aws: {vpc_name: x}\nwarm: false\n")

    def load_settings() -> Settings:
        return settings_of(merge(load_layers(file, {})))

    settings = load_settings()
    assert settings.accounts == {"aws": {"vpc_name": "x"}} and not settings.warm
    for text, words in (("aws: x", "a map"), ("awss: {}", "unknown key 'awss'")):
        file.write_text(text)
        with pytest.raises(UsageError, match=words):
            load_settings()


def test_credentials_are_apart_from_what_files_may_hold(tmp_path: Path) -> None:
    environ = {"AWS_PROFILE": "p", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t", "OTHER": "o"}
    kept = scrubbed(environ, tmp_path / "ansible.cfg", "")
    assert kept["AWS_PROFILE"] == "p" and not {"s", "t", "o"} & set(kept.values())
    assert secret(environ) == {"AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}


@pytest.mark.parametrize(
    ("lifetime", "ends_at", "told"),
    [
        (60, 5000.0, False),  # the agent ends it at 4600, before its cloud does
        (120, 5000.0, True),
        (None, 5000.0, True),
        (120, 0, False),
    ],
)
def test_a_limit_that_a_cloud_set_is_told_when_a_cluster_is_to_live_longer(
    lifetime: int | None, ends_at: float, told: bool
) -> None:
    autostop = {"idle_minutes": 5, "down": True, "lifetime_minutes": lifetime}
    nodes = [{"name": "demo-0", "rank": 0, "details": {"ends_at": 9000.0}}, {"details": {"ends_at": ends_at}}]
    cluster = Cluster.from_record(RECORD | {"autostop": autostop, "nodes": nodes if ends_at else []})
    words = limit_note(cluster)
    assert bool(words) == told and (not told or "stix stop demo, then stix start demo" in words)


def test_every_host_of_a_slice_is_a_node_of_its_own() -> None:
    slices = {"accelerators": {"tpu-v5e-16": 1}, "accelerator_args": {"runtime_version": "v2-alpha-tpuv5"}}
    cluster = Cluster.from_record(RECORD | {"instance": "TPU-VM", "hosts": 4, "resources": slices})
    nodes = wanted_nodes(cluster)
    assert [node["name"] for node in nodes] == [f"demo-{rank}" for rank in range(8)] and cluster.size == 8
    assert {(node["hosts"], node["accelerator_args"]["runtime_version"]) for node in nodes} == {(4, "v2-alpha-tpuv5")}
    assert "stix_num_nodes: 8" in inventory(cluster, "python3", run_id="r")["hosts.yml"]


def test_an_autostop_that_cannot_stop_a_slice_is_refused() -> None:
    stops = {"idle_minutes": 10, "down": False, "lifetime_minutes": None}
    with pytest.raises(ProvisionError, match="slices of 4 hosts cannot be stopped"):
        check_autostop("gcp/us-central1", stops, 4)
    check_autostop("gcp/us-central1", stops)
    check_autostop("gcp/us-central1", stops | {"down": True}, 4)
