"""The set-up bundle makes a node ready that has no network at all, and holds what its manifest says."""

import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from tests.integration.ansible.inventories import token

NAME = "stix-bundle-node"


def test_a_node_without_network_is_set_up_from_the_bundle(
    run_stix: Any, docker_engine: Any, safe_world: Path, monkeypatch: Any
) -> None:
    wheels = safe_world / "dist"
    wheels.mkdir()
    (wheels / "stix_cloud-0.1.0-py3-none-any.whl").write_bytes(b"stands in for ours, which takes a build")
    file = safe_world / "stix.tar.gz"
    packed = run_stix("bundle", file, "--wheels", wheels, "-o", "json")
    assert packed.returncode == 0, packed.stderr
    with tarfile.open(file) as archive:
        archive.extractall(safe_world, filter="data")
    (root,) = safe_world.glob("stix-*/")
    manifest = json.loads((root / "manifest.json").read_text())
    assert manifest == json.loads(packed.stdout)
    assert {"agent/skylet.pyz", "catalog/catalog.sqlite"} < manifest["files"].keys()
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((root / name).read_bytes()).hexdigest() == digest, name
    again = run_stix("bundle", safe_world / "again.tar.gz", "--wheels", wheels)
    assert again.returncode == 0 and tar_of(safe_world / "again.tar.gz") == tar_of(file)

    docker_engine.docker("run", "-d", "--init", "--network", "none", "--name", NAME, "stix-test/debian", "sleep", "900")
    node = {"ansible_connection": "community.docker.docker", "ansible_host": NAME, "stix_rank": 0,
            "stix_node_ip": "127.0.0.1", "ansible_python_interpreter": "/usr/bin/python3"}  # fmt: skip
    hosts = {"all": {
        "vars": {"stix_cluster": "dark", "stix_cluster_id": "dark-1", "stix_user": "ann", "stix_num_nodes": 1,
                 "stix_cloud_role": "ssh", **token(safe_world)},
        "children": {"stix_nodes": {"hosts": {"dark-0": node}}, "stix_head": {"hosts": {"dark-0": {}}}},
    }}  # fmt: skip
    (safe_world / "hosts.json").write_text(json.dumps(hosts))
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", f"{root / 'collections'}")
    words = [Path(sys.executable).with_name("ansible-playbook"), "-i", safe_world / "hosts.json", "stix.core.setup"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, cwd=safe_world, check=False, timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr
        home = "/root/.stix/agent"
        told = docker_engine.docker("exec", NAME, "python3", f"{home}/skylet.pyz", "--home", home, "probe")
        assert json.loads(told)["alive"] and json.loads(told)["cluster_id"] == "dark-1"
    finally:
        docker_engine.docker("rm", "-f", NAME)


def test_wheels_without_ours_are_refused(run_stix: Any, safe_world: Path) -> None:
    (safe_world / "dist").mkdir()
    done = run_stix("bundle", safe_world / "stix.tar.gz", "--wheels", safe_world / "dist")
    assert done.returncode == 2 and "holds no wheel of stix-cloud" in done.stderr
    assert not (safe_world / "stix.tar.gz").exists()


def tar_of(file: Path) -> str:
    """Hash of what is packed: the outer bytes name the time."""
    import gzip

    return hashlib.sha256(gzip.decompress(file.read_bytes())).hexdigest()
