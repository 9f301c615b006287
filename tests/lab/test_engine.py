"""The Docker Engine works as one elsewhere does, and cleans up after each test."""

import urllib.request

from tests.lab.engine import DockerLab


def test_images(docker_engine: DockerLab) -> None:
    found = docker_engine.docker("run", "--rm", docker_engine.image, "which", "python3", "rsync", "ps", "git").split()
    assert len(found) == 4
    shell = docker_engine.docker("run", "--rm", docker_engine.shell_image, "sh", "-c", "which python3 || echo none")
    assert shell == "none"


def test_published_port_and_names_on_a_network(docker_engine: DockerLab) -> None:
    docker, image = docker_engine.docker, docker_engine.image
    docker("network", "create", "lab-net")
    network = ["--network", "lab-net"]
    serve = ["python3", "-m", "http.server", "8000"]
    docker("run", "-d", "--name", "lab-web", *network, "-p", "127.0.0.1::8000", image, *serve)
    ask = "import urllib.request as u; u.urlopen('http://lab-web:8000')"
    wait = f'for i in $(seq 50); do python3 -c "{ask}" && exit; sleep 0.1; done; exit 1'
    docker("run", "--rm", *network, image, "sh", "-c", f"({wait}) 2>/dev/null")
    with urllib.request.urlopen(f"http://{docker('port', 'lab-web', '8000/tcp')}", timeout=60) as answer:
        assert answer.status == 200


def test_what_a_test_made_is_gone(docker_engine: DockerLab) -> None:
    with docker_engine.cleaned():
        docker_engine.docker("run", "-d", "--name", "left-behind", docker_engine.image, "sleep", "1000")
    assert "left-behind" not in docker_engine.docker("ps", "--all", "--format", "{{.Names}}")


def test_a_running_engine_is_borrowed_and_left_alone(docker_engine: DockerLab) -> None:
    docker_engine.docker("run", "-d", "--name", "not-ours", docker_engine.image, "sleep", "1000")
    with DockerLab() as borrowed, borrowed.cleaned():
        assert not borrowed.private
        borrowed.docker("run", "-d", "--name", "ours", "--label", "stix.cluster_id=x", borrowed.image, "sleep", "1000")
    assert docker_engine.docker("ps", "--format", "{{.Names}}") == "not-ours"
