"""What `ansible-inventory --list` printed (`plain`) -> an inventory file. Pure."""

from collections.abc import Mapping
from typing import Any

from stix.inventory.render import literal, to_yaml
from stix.model.connection import PASSWORD_EXPRESSION


def static_inventory(listed: Mapping[str, Any]) -> str:
    """YAML with the same hosts, groups and variables; users' text in it is no template."""
    variables = listed.get("_meta", {}).get("hostvars", {})
    groups = {name: _group(body) for name, body in listed.items() if name not in ("_meta", "all")}
    hosts = {name: _host(values) for name, values in variables.items()}
    return to_yaml({"all": {"hosts": hosts, "children": groups}})


def _group(body: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: {name: {} for name in body[kind]} for kind in ("hosts", "children") if body.get(kind)}


def _host(values: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = literal(values)
    if values.get("ansible_password") == PASSWORD_EXPRESSION:
        shown["ansible_password"] = PASSWORD_EXPRESSION  # our own template, and no password
    return shown


def plain(value: Any) -> Any:
    """A value without the marks that Ansible puts on text that is no template."""
    if isinstance(value, Mapping):
        return (
            value["__ansible_unsafe"] if set(value) == {"__ansible_unsafe"} else {k: plain(v) for k, v in value.items()}
        )
    return [plain(item) for item in value] if isinstance(value, list) else value
