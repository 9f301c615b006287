"""What AWX asks before it runs a playbook, from the argument specs of the roles that it plays. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from stix.inventory.render import to_yaml

ASKED: Mapping[str, tuple[str, Sequence[str]]] = {
    "run": ("job/main", ("job_name", "job_run", "job_num_nodes")),
    "logs": ("job/logs", ("job_ids",)),
    "cancel": ("job/cancel", ("job_ids", "job_all")),
    "autostop": (
        "autostop/main",
        ("autostop_idle_minutes", "autostop_down", "autostop_wait_for", "autostop_lifetime_minutes"),
    ),
}
"""Verb -> the role's entry whose argument spec says what its survey asks, and which of its variables a person sets."""

REQUIRED = ("job_run", "autostop_idle_minutes")

Specs = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""`role/entry` -> the options of its argument spec."""


def passed_on(verb: str, specs: Specs) -> str:
    """What a playbook passes on: surveys give texts where a role wants lists or true and false."""
    lines = {"job_log_folder": "{{ hostvars.localhost.inventory_dir | dirname }}/logs"} if verb == "logs" else {}
    for name, spec in _options(verb, specs).items():
        if spec["type"] == "bool":
            lines[name] = f"{{{{ ask_{name} | default({str(spec['default']).lower()}) | bool }}}}"
        elif spec["type"] == "list":
            split = f"(ask_{name} | default('', true) | string).split(',') | map('trim') | reject('equalto', '')"
            lines[name] = f"{{{{ {split} | map('{spec['elements']}') | list }}}}"
    return to_yaml(lines) if lines else ""


def _options(verb: str, specs: Specs) -> dict[str, Mapping[str, Any]]:
    entry, names = ASKED.get(verb, ("", ()))
    return {name: specs[entry][name] for name in names}


def questions(verb: str, envs: Mapping[str, str], specs: Specs) -> list[dict[str, Any]]:
    """A verb's survey; of `up` it asks the task's variables."""
    if verb == "up":
        return [
            _question(f"env_{name}", f"Environment variable {name}", "textarea" if "\n" in value else "text", value)
            for name, value in envs.items()
        ]
    return [_of_spec(name, spec) for name, spec in _options(verb, specs).items()]


def _of_spec(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A question from an argument spec."""
    needed, default = name in REQUIRED, spec.get("default", "")
    kind = {"int": "integer", "float": "float", "bool": "multiplechoice", "list": "text"}.get(spec["type"], "text")
    if spec["type"] == "bool":
        found = _question(f"ask_{name}", spec["description"], kind, str(default).lower(), ["true", "false"])
    elif spec["type"] == "list":
        found = _question(f"ask_{name}", f"{spec['description']}; separated by commas", kind, "")
    elif spec.get("choices"):
        found = _question(name, spec["description"], "multiplechoice", default, list(spec["choices"]))
    else:
        found = _question(name, spec["description"], "textarea" if name == "job_run" else kind, default)
    return found | {"required": needed}


def _question(variable: str, text: str, kind: str, default: Any, choices: Sequence[str] = ()) -> dict[str, Any]:
    bounds = {"min": -1_000_000, "max": 1_000_000} if kind in ("integer", "float") else {"min": 0, "max": 16_384}
    return {
        "question_name": text,
        "question_description": "",
        "variable": variable,
        "type": kind,
        "required": False,
        "default": default,
        "choices": list(choices),
        **({} if choices else bounds),
    }
