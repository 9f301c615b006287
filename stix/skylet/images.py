"""The image of a container comes to the machine, from a registry that may want a login."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile

from .container import run
from .errors import AgentError
from .home import write_json

SECONDS = 120.0
"""Longest that the engine may take to answer; a pull takes as long as it takes."""

HUB = ("", "docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/")
HUB_KEY = "https://index.docker.io/v1/"


def pull(docker: list[str], image: str, login: dict[str, str], folder: str) -> str:
    """The image's full name, when the machine has it; one that is there already is not asked for again.

    Args:
        docker: words of the command.
        login: `{username, password, server}`, or nothing.
        folder: of the login's file; a private one, in memory where there is some.

    Raises:
        AgentError: `setup.failed`, it is not to be had; `setup.disk_full`.
    """
    image = full_name(image, login.get("server") or "")
    found = run([*docker, "image", "inspect", "--format", "{{.Id}}", image], SECONDS)
    if found is not None and found.returncode == 0:
        return image
    done = _pull_with(docker, image, login, folder) if login else run([*docker, "pull", "--quiet", image])
    if done is not None and done.returncode == 0:
        return image
    said = last_word(done.stderr if done else "")
    if "no space left" in said:
        raise AgentError("setup.disk_full", f"There is no room for image {image}")
    raise AgentError(
        "setup.failed",
        f"Image {image} cannot be pulled: {said}",
        "Private images need SKYPILOT_DOCKER_USERNAME, _PASSWORD and _SERVER among the task's secrets.",
        image=image,
    )


def full_name(image: str, server: str) -> str:
    """An image of a registry by its whole name, as SkyPilot does: without the server it is meant to be on it."""
    server = server.partition("://")[2] or server
    return image if server in HUB or image.startswith(f"{server}/") else f"{server}/{image}"


def _pull_with(
    docker: list[str], image: str, login: dict[str, str], folder: str
) -> subprocess.CompletedProcess[str] | None:
    """Pulls with a login that lies in memory for as long as that takes, and in no credential store."""
    server = login.get("server") or ""
    pair = base64.b64encode(f"{login['username']}:{login['password']}".encode()).decode()
    words = list(docker)
    if "-H" not in words:
        # Another config folder knows nothing of the context that is in use.
        found = run([*words, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], SECONDS)
        if found is not None and found.returncode == 0 and found.stdout.strip():
            words += ["-H", found.stdout.strip()]
    memory = tempfile.mkdtemp(prefix="login-", dir=folder)
    try:
        auths = {HUB_KEY if server in HUB else server: {"auth": pair}}
        write_json(os.path.join(memory, "config.json"), {"auths": auths})
        return run([*words, "--config", memory, "pull", "--quiet", image])
    finally:
        shutil.rmtree(memory, ignore_errors=True)


def last_word(said: str) -> str:
    """What docker complains of, without its words about its usage."""
    lines = [line.strip() for line in said.split("Usage:")[0].splitlines() if line.strip() and "--help" not in line]
    return (lines[-1] if lines else "docker gave no reason")[:400]
