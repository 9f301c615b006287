"""The set-up roles on real machines: check mode is honest, a second run changes nothing, downloads obey the mirrors."""

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.integration.ansible.conftest import Play, Played
from tests.integration.ansible.inventories import cluster, ssh_node
from tests.lab.machine import Host

Hosts = Callable[..., list[Host]]
INSTALLER = """#!/bin/sh
# Stands in for Miniforge's installer, which takes the same options.
test "$1 $2 $3" = "-b -u -p" || exit 7
mkdir -p "$4/bin"
cat > "$4/bin/conda" <<'END'
#!/bin/sh
root=${0%/bin/conda}
while [ "$1" != -n ]; do shift; done
mkdir -p "$root/envs/$2" && echo "$@" > "$root/envs/$2/asked"
END
chmod 755 "$4/bin/conda"
"""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A folder, and the port it is served at on every address of this machine."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    folder = tmp_path / "mirror"
    folder.mkdir()
    server = ThreadingHTTPServer(("", 0), partial(Handler, directory=str(folder)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield folder, server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def setups(played: Played, host: str) -> list[list[str]]:
    """What each part of a host's set-up did, by kind of step."""
    runs = [each for each in played.results if each["host"] == host and "node_setup" in each["task_action"]]
    return [[step["do"] for step in run["res"].get("steps", [])] for run in runs]


@pytest.fixture
def miniforge(mirror: tuple[Path, int]) -> int:
    """The port of a mirror that has Miniforge."""
    folder, port = mirror
    for arch in ("x86_64", "aarch64"):
        file = folder / f"25.3.1-0/Miniforge3-25.3.1-0-Linux-{arch}.sh"
        file.parent.mkdir(exist_ok=True)
        file.write_text(INSTALLER)
        Path(f"{file}.sha256").write_text(f"{hashlib.sha256(INSTALLER.encode()).hexdigest()}  {file.name}\n")
    return port


def test_machines_are_prepared_once_and_those_that_cannot_be_say_why(
    play: Play, ssh_hosts: Hosts, miniforge: int
) -> None:
    host, plain, lacking = ssh_hosts(3)
    # An engine that answers: what an image has is left alone.
    host.run("printf '#!/bin/sh\\necho 28.1.1\\n' > /usr/local/sbin/docker; chmod 755 /usr/local/sbin/docker")
    wish = {
        "ansible_user": "root",
        "conda_enabled": True,
        "stix_mirror_miniforge": f"http://{host.ip.rpartition('.')[0]}.1:{miniforge}",  # this machine, on the bridge
        "conda_environment": "train",
        "conda_python": "3.11",
        "conda_packages": ["numpy"],
        "prepare_docker": True,
        "docker_user": "ann",
        "docker_registries": [{"server": "ghcr.io", "username": "ann", "password": "planted-value"}],
    }
    unknown = {"ansible_user": "root", "node_base_packages": ["no-such-package"], "node_base_limits": False}
    nodes = {"demo-0": ssh_node(host) | wish, "demo-1": ssh_node(plain), "demo-2": ssh_node(lacking) | unknown}
    inventory = cluster("ssh", nodes=nodes)
    would = play("prepare", inventory, check=True)
    first = play("prepare", inventory)
    again = play("prepare", inventory)

    # Every package of the base is there already, which is a part of the proof: nothing outside was asked.
    parts = [["file", "file", "try"], ["command", "file"], [], [], ["download", "command", "remove", "command"]]
    assert setups(would, "demo-0") == setups(first, "demo-0") == parts
    asked = host.run("cat /root/miniforge3/envs/train/asked").stdout
    assert "train --override-channels -c conda-forge python=3.11 numpy" in asked
    assert "planted-value" not in json.dumps([played.results for played in (would, first, again)])
    assert host.run("stat -c '%U %a' /home/ann/.docker/config.json").stdout.strip() == "ann 600"
    assert setups(again, "demo-0") == [[], [], [], [], []] and again.changed() == []
    assert len(again.module_runs("demo-0")) == 6
    found = {result["host"]: result["res"] for result in again.results if "node_wait" in result["task_action"]}
    assert found["demo-0"]["sudo"] == "root" and abs(found["demo-0"]["clock_seconds"]) < 5

    refused = {error["details"].get("host", "demo-2"): error for error in again.errors()}
    assert {error["code"] for error in refused.values()} == {"setup.failed"}
    assert "sudo" in refused["demo-1"]["message"] and set(refused) == {"demo-1", "demo-2"}
    assert "reading the package sources" in refused["demo-2"]["message"] or "no-such" in refused["demo-2"]["message"]


def test_a_machine_is_baked_once_and_one_that_is_held_is_not(play: Play, ssh_hosts: Hosts) -> None:
    host, held = ssh_hosts(2)
    host.run("echo 0123456789abcdef0123456789abcdef > /etc/machine-id")
    host.run("echo line > /var/log/lab.log; echo ls > /root/.ash_history")
    held.run('mkdir -p /root/.stix/agent; echo \'{"cluster_id": "other"}\' > /root/.stix/agent/config.json')
    nodes = {name: ssh_node(each) | {"ansible_user": "root"} for name, each in (("demo-0", host), ("demo-1", held))}
    inventory = cluster("ssh", nodes=nodes)
    would = play("bake", inventory, check=True)
    first = play("bake", inventory)
    again = play("bake", inventory)
    (taken,) = [steps for steps in setups(first, "demo-0") if "empty" in steps]
    assert taken in setups(would, "demo-0") and taken[0] == "file" and "remove" in taken
    left = host.run("cat /etc/machine-id /var/log/lab.log; test -e /root/.ash_history || echo gone").stdout
    assert left == "gone\n"
    assert setups(again, "demo-0")[-1] == [] and again.stats["changed"].get("demo-0", 0) == 0
    assert "held by" in first.error["message"] or "holds this machine" in first.error["message"]
    assert held.run("cat /root/.stix/agent/config.json").stdout
