# ruff: noqa: E501 - messages are quoted whole
"""Words of OpenSSH and the Docker Engine, as they were seen, and what they mean."""

import pytest
from ansible_collections.stix.core.plugins.module_utils import docker_errors, ssh_errors

SSH = [
    ("node.auth", "Failed to connect to the host via ssh: ann@10.0.0.1: Permission denied (publickey,password)."),
    (
        "node.auth",
        "Invalid/incorrect username/password. Skipping remaining 0 retries to prevent account lockout: Permission denied",
    ),
    ("node.auth", "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures"),
    ("node.auth", 'Load key "/k": error in libcrypto\nann@10.0.0.1: Permission denied (publickey).'),
    ("node.host_key", "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed."),
    (
        "node.host_key",
        "No ED25519 host key is known for 10.0.0.1 and you have requested strict checking.\nHost key verification failed.",
    ),
    ("node.unreachable", "ssh: connect to host 10.0.0.1 port 22: Connection timed out"),
    ("node.unreachable", "ssh: connect to host 10.0.0.1 port 22: Connection refused"),
    ("node.unreachable", "ssh: connect to host 10.0.0.1 port 22: No route to host"),
    ("node.unreachable", "ssh: Could not resolve hostname nope: Name or service not known"),
    ("node.unreachable", "kex_exchange_identification: read: Connection reset by peer"),
    ("node.unreachable", "mux_client_request_session: read from master failed: Broken pipe"),
    ("node.unreachable", "Error response from daemon: Container 3f2a is not running"),
    ("node.unreachable", "Error response from daemon: No such container: demo-0"),
    ("node.unreachable", "something nobody has seen"),
]

DOCKER = [
    (
        "provision.config",
        '404 Client Error for http+docker://localhost/v1.41/containers/create: Not Found ("No such image: nope:latest")',
    ),
    (
        "provision.config",
        'Error pulling image x/y - 404 ("pull access denied for x/y, repository does not exist or may require docker login")',
    ),
    ("provision.config", "manifest for python:0 not found: manifest unknown"),
    ("provision.config", '400 Client Error: Bad Request ("invalid reference format")'),
    ("provision.config", '400 Client Error: Bad Request ("unknown or invalid runtime name: nope")'),
    (
        "provision.auth",
        "Error connecting: Error while fetching server API version: ('Connection aborted.', PermissionError(13, 'Permission denied'))",
    ),
    (
        "provision.transient",
        "Error connecting: Error while fetching server API version: ('Connection aborted.', FileNotFoundError(2, 'No such file or directory'))",
    ),
    (
        "provision.transient",
        "HTTPConnectionPool(host='h', port=2375): Max retries exceeded with url: /version (Connection refused)",
    ),
    (
        "provision.transient",
        'Internal Server Error ("Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host")',
    ),
    (
        "provision.transient",
        '409 Client Error: Conflict ("Conflict. The container name "/demo-0" is already in use by container "3f2a"")',
    ),
    ("provision.no_capacity", 'Internal Server Error ("Bind for 0.0.0.0:18080 failed: port is already allocated")'),
    ("provision.no_capacity", 'Bad Request ("Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available")'),
    ("provision.no_capacity", 'Internal Server Error ("could not select device driver "" with capabilities: [[gpu]]")'),
    ("provision.no_capacity", "Error response from daemon: write /var/lib/docker/tmp: no space left on device"),
    ("provision.unknown", "the engine says something new"),
]


@pytest.mark.parametrize(("code", "text"), SSH)
def test_ssh_words(code: str, text: str) -> None:
    failure = ssh_errors.classify(text, "demo-0")
    assert failure.code == code
    assert "'demo-0'" in failure.message and failure.details["host"] == "demo-0"


@pytest.mark.parametrize(("code", "text"), DOCKER)
def test_docker_words(code: str, text: str) -> None:
    failure = docker_errors.classify(text)
    assert failure.code == code
    assert failure.message.count("\n") == 0 and failure.details["reason"]


def test_the_engines_own_sentence_is_shown() -> None:
    failure = docker_errors.classify('400 Client Error for http+docker://x: Bad Request ("invalid reference format")')
    assert failure.message == "The image cannot be had: invalid reference format"


def test_an_image_that_cannot_be_had_is_named():
    said = 'Error pulling image x/y:1 - Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host'
    assert docker_errors.classify(said, "x/y:1").message.startswith("Image 'x/y:1' is not on the Docker engine")
    assert "x/y" not in docker_errors.classify("cannot connect to the docker daemon", "x/y:1").message
