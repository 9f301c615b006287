"""tests/golden/inventory: a cluster and a task, and the inventory's files; Ansible reads in them what was meant.

STIX_ACCEPT=1 rewrites what is expected; read the diff.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stix.inventory.render import file_vars, inventory, job_vars, wanted_nodes
from stix.model.cluster import Cluster
from stix.model.task import Task
from stix.runner import content
from stix.spec.load import load_text

CASES = sorted((Path(__file__).parents[2] / "golden" / "inventory").iterdir())
ACCEPT = os.environ.get("STIX_ACCEPT") == "1"
SECRETS = {"KEY": "planted-secret"}


def groups(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Variables of the three groups, as the driver makes them of a cluster and a task."""
    cluster, task = Cluster.from_record(given["cluster"]), load_text(given.get("task", ""), secrets=SECRETS)
    secrets_file = "/runs/1/secrets.json" if task.secrets else None
    job = job_vars(task, task.resources[0], "5ub", secrets_file=secrets_file, no_setup=given.get("no_setup", False))
    return {
        "cloud_vars": {"stix_wanted_nodes": wanted_nodes(cluster), **given.get("cloud_vars", {})},
        "node_vars": {**given.get("node_vars", {}), **file_vars(task)},
        "head_vars": job if task.run else {},
    }


def read_by_ansible(folder: Path) -> dict[str, Any]:
    """What `ansible-inventory --list` shows; texts that are no templates as texts."""
    environment = os.environ | {"ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml"}
    program = Path(content.ansible_playbook()).with_name("ansible-inventory")
    words = [program, "-i", folder, "--list"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert "WARNING" not in done.stderr and "ERROR" not in done.stderr, done.stderr
    return plain(json.loads(done.stdout))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("__ansible_unsafe") or {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, tmp_path: Path) -> None:
    given = yaml.safe_load((case / "given.yaml").read_text())
    cluster, variables = Cluster.from_record(given["cluster"]), groups(given)
    files = inventory(cluster, "/driver/python", run_id="run-1", **variables)
    for name, text in files.items():
        assert SECRETS["KEY"] not in text
        for folder in (case, tmp_path) if ACCEPT else (tmp_path,):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
    expected = {str(file.relative_to(case)): file.read_text() for file in case.rglob("*.yml")}
    assert files == expected
    seen = read_by_ansible(tmp_path)
    check_hosts(seen, cluster, variables)


def check_hosts(seen: dict[str, Any], cluster: Cluster, variables: dict[str, Any]) -> None:
    about = json.loads(json.dumps(variables))
    shared = {"stix_cluster": cluster.name, "stix_cluster_id": cluster.cluster_id, "stix_num_nodes": cluster.num_nodes}
    hosts = seen["_meta"]["hostvars"]
    assert seen["stix_cloud"]["hosts"] == ["localhost"]
    assert about["cloud_vars"].items() <= hosts["localhost"].items() and shared.items() <= hosts["localhost"].items()
    assert hosts["localhost"]["ansible_python_interpreter"] == "/driver/python"
    assert seen.get("stix_nodes", {}).get("hosts", []) == [node["name"] for node in cluster.nodes]
    for node in cluster.nodes:
        mine = {"stix_rank": node["rank"], "stix_node_ip": node["private_ip"], **node["connection"]}
        assert (mine | shared | about["node_vars"]).items() <= hosts[node["name"]].items()
        is_head = [node["name"]] == seen["stix_head"]["hosts"]
        assert is_head == (node["rank"] == 0)
        assert (about["head_vars"].items() <= hosts[node["name"]].items()) is (is_head or not about["head_vars"])


def test_a_relative_target_of_a_mount_lies_in_the_workdir():
    mounts = {"in/put": "/d", "./near": "/d", "/opt/x": "/d", "~/y": "/d"}
    targets = file_vars(Task(file_mounts=mounts))["files_mounts"]
    assert list(targets) == ["~/sky_workdir/in/put", "~/sky_workdir/near", "/opt/x", "~/y"]
