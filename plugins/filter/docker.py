"""Filters of the role cloud_docker."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.stix.core.plugins.module_utils.docker_cluster import image_of
from ansible_collections.stix.core.plugins.module_utils.docker_errors import classify
from ansible_collections.stix.core.plugins.module_utils.docker_volumes import told

DEFAULT_ENDPOINT = "unix:///var/run/docker.sock"


def docker_images(nodes: list[dict[str, Any]], default: str) -> list[str]:
    """The images that wanted nodes need, each once."""
    return sorted({image_of(node, default) for node in nodes})


def docker_error(result: dict[str, Any]) -> dict[str, Any]:
    """A failed task's (or loop item's) result as an error record: its `stix_error`, or its message classified."""
    result = next((item for item in result.get("results") or [] if item.get("failed")), result)
    image = str(result.get("cloud_docker_image") or "")
    return result.get("stix_error") or classify(str(result.get("msg", "no reason was given")), image).record()


def docker_resources(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What engines were found to have; one that did not answer is a thing itself."""
    found = []
    for result in results:
        found += result["resources"] if "resources" in result else [_unreachable(result)]
    return found


def _unreachable(result: dict[str, Any]) -> dict[str, Any]:
    region = str(result.get("cloud_docker_region") or "")
    words = ("zone", "state", "cluster", "cluster_id", "user", "run")
    return {
        "kind": "unreachable",
        "id": region,
        "name": region or "default",
        "region": region,
        **dict.fromkeys(words, ""),
        "created_at": 0,
        "deadline": 0,
        "shared": False,
        "details": docker_error(result),
        "instance": None,
    }


def docker_volumes(wanted: list[dict[str, Any]], results: list[dict[str, Any]], user: str) -> list[dict[str, Any]]:
    """Wanted volumes as the verb `volume` reports them, with `there` and `fault`."""
    return told(wanted, [result["volume"] if result.get("exists") else None for result in results], user)


def docker_volume_labels(volume: dict[str, Any], marks: dict[str, str]) -> dict[str, str]:
    """The labels of a volume; those of its cluster only where it goes with it."""
    own = marks if volume.get("passing") else {"stix.user": marks["stix.user"]}
    return {**{key: str(value) for key, value in volume["labels"].items()}, **own, "stix.volume": volume["name"]}


def docker_endpoint(context: str) -> str:
    """Address of the engine of a docker context; "" is where the docker command looks by itself."""
    folder = Path(os.path.expanduser(os.environ.get("DOCKER_CONFIG") or "~/.docker"))
    if not context and os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    name = context or _read(folder / "config.json").get("currentContext") or "default"
    if name == "default":
        return DEFAULT_ENDPOINT
    meta = _read(folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json")
    host = ((meta.get("Endpoints") or {}).get("docker") or {}).get("Host")
    if not host:
        raise AnsibleFilterError(f"there is no docker context {name!r}")
    return str(host)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def docker_connection(endpoint: str) -> dict[str, str]:
    """Host variables that reach containers of an engine; none for the one that is found without."""
    return {} if endpoint == DEFAULT_ENDPOINT else {"ansible_docker_extra_args": f"-H {endpoint}"}


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {
            "docker_images": docker_images,
            "docker_error": docker_error,
            "docker_resources": docker_resources,
            "docker_volumes": docker_volumes,
            "docker_volume_labels": docker_volume_labels,
            "docker_endpoint": docker_endpoint,
            "docker_connection": docker_connection,
        }
