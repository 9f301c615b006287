"""What a Docker Engine's words mean: message -> error code, as one table."""

import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

UNREACHED = "The Docker engine cannot be reached"

TABLE = (
    (
        "provision.auth",
        r"permission denied.*(?:docker\.sock|docker api|daemon socket)|PermissionError\(13|"
        r"certificate verify failed|tls: ",
        "The Docker engine refused us",
        "Add your user to the group docker, or set DOCKER_HOST and its certificates.",
        False,
    ),
    (
        "provision.transient",
        r"error while fetching server api version|cannot connect to the docker daemon|connection refused|"
        r"connection aborted|"
        r"read timed out|timed out waiting|context deadline exceeded|i/o timeout|TLS handshake timeout|"
        r"no such file or directory.*sock|"
        r"FileNotFoundError\(2|max retries exceeded",
        UNREACHED,
        "Start it, or set DOCKER_HOST.",
        True,
    ),
    (
        "provision.config",
        r"(there is no docker context '[^']*')",
        "The docker context cannot be used",
        "`docker context ls` lists them.",
        False,
    ),
    (
        "provision.transient",
        r"dial tcp|no such host|is already in use by container|service unavailable|too many requests",
        "The Docker engine or its registry is busy or cannot be reached",
        "Try again, or load the image with `docker load`.",
        True,
    ),
    (
        "provision.config",
        r"no such image|pull access denied|manifest unknown|manifest for .* not found|repository .* not found|"
        r"repository does not exist|invalid reference format|not found: does not exist or no pull access|"
        r"failed to resolve reference|"
        r"no matching manifest|unauthorized: |denied: requested access",
        "The image cannot be had",
        "Check its name, and log in to its registry with `docker login`.",
        False,
    ),
    (
        "provision.no_capacity",
        r"port is already allocated|address already in use",
        "A port is in use",
        "Ask for another port, or take down the cluster that has it.",
        False,
    ),
    (
        "provision.no_capacity",
        r"range of cpus is from|could not select device driver|cannot allocate memory|out of memory|"
        r"no space left on device|"
        r"minimum memory limit|nvidia-container-cli|insufficient .*memory",
        "The Docker engine's machine is too small",
        "Ask for fewer CPUs, less memory or no accelerators.",
        False,
    ),
    (
        "provision.config",
        r"invalid mount|invalid volume specification|bind source path does not exist|mount path must be absolute|"
        r"invalid (?:host|container)?port|unknown (?:or invalid )?runtime|no such network|network .* not found|"
        r"executable file not found|"
        r"there is no docker context|error gathering device information|unable to find user|exec format error",
        "The engine refused the container's settings",
        "Check image_id, ports and config.docker.run_options.",
        False,
    ),
)
"""(code, pattern, sentence, hint, retryable); the first pattern found wins, its group is what is shown."""


def classify(text, image=""):
    """The failure that a message of the engine, its client or a community.docker module stands for.

    Args:
        text: the message.
        image: the image that was asked for just then.
    """
    reason = " ".join(text.split())[-1500:]
    for code, pattern, sentence, hint, retryable in TABLE:
        found = re.search(pattern, text, re.IGNORECASE | re.DOTALL)
        if found:
            short = found.group(1) if found.groups() and found.group(1) else _short(reason)
            if image and code in ("provision.config", "provision.transient") and sentence != UNREACHED:
                sentence = "Image '%s' is not on the Docker engine and cannot be had" % image
            return Failure(code, "%s: %s" % (sentence, short), hint, {"reason": reason}, retryable)
    return Failure("provision.unknown", "The Docker engine failed: %s" % _short(reason), "", {"reason": reason})


def _short(reason):
    """The engine's own sentence, without the client's wrapping around it."""
    inner = re.search(r'\("(.*)"\)\s*$', reason)
    return (inner.group(1) if inner else reason).strip()[:400]
