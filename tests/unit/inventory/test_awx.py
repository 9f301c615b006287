"""What AWX gets: every key and choice is one of awx.awx's modules, surveys ask what roles take, no secret is there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment
from jsonschema import Draft202012Validator

from stix.driver.export import argument_specs
from stix.inventory.awx import (
    _MODULES,
    VERBS,
    Exported,
    Site,
    configure,
    controller,
    controller_text,
    task_files,
)
from stix.inventory.awx_pages import environment, readme
from stix.inventory.awx_playbooks import PLAYBOOKS
from stix.inventory.awx_surveys import ASKED
from stix.model.cluster import Cluster

SPECS = argument_specs()
GROUPS = {
    "cloud_vars": {"stix_wanted_nodes": [], "stix_private_key_file": "/home/ann/key"},
    "node_vars": {"skylet_token_file": "/home/ann/token"},
    "head_vars": {"job_name": "train", "job_envs": {"EPOCHS": "10"}, "job_secrets_file": "secrets.json"},
}
TASK = Exported(
    "train", Cluster("train", "train-1", "ann", "aws/r1", 2), GROUPS, {"EPOCHS": "10", "TEXT": "a\n{{ b }}"},
    ["TOKEN", "KEY"], stops=True,
)  # fmt: skip
SITES = [Site(), Site("Ops", "https://git.example.org/a.git", "main", "ee:1", ("AWS research",), "/var/lib/stix")]
TYPES = {"str": "string", "bool": "boolean", "int": "integer", "dict": "object", "list": "array", "float": "number"}
QUESTION = {
    "type": "object",
    "required": ["question_name", "variable", "type", "required", "default"],
    "additionalProperties": False,
    "properties": {
        "question_name": {"type": "string", "minLength": 1},
        "question_description": {"type": "string"},
        "variable": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "type": {"enum": ["text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"]},
        "required": {"type": "boolean"},
        "default": {"type": ["string", "number"]},
        "choices": {"type": "array", "items": {"type": "string"}},
        "min": {"type": "integer"},
        "max": {"type": "integer"},
    },
}
"""AWX's survey questions, of which the module says nothing."""


def documented(module: str) -> dict[str, Any]:
    """Options of a module of awx.awx, as the collection that is installed documents them."""
    import ansible_collections

    (folder,) = [Path(each) / "awx" / "awx" for each in ansible_collections.__path__ if (Path(each) / "awx").is_dir()]
    text = (folder / "plugins" / "modules" / f"{module}.py").read_text()
    found = re.search(r"DOCUMENTATION = r?(['\"]{3})(.*?)\1", text, re.DOTALL)
    assert found
    return dict(yaml.safe_load(found[2])["options"])


def schema(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a module as JSON Schema."""
    fields = {}
    for name, option in options.items():
        inner = option.get("suboptions") and schema(option["suboptions"])
        field: dict[str, Any] = {"type": TYPES[option.get("type", "str")]}
        if field["type"] == "array":
            field["items"] = inner or {"type": TYPES.get(option.get("elements", "str"), "string")}
        elif inner:
            field |= inner
        if option.get("choices"):
            field["enum"] = option["choices"]
        fields[name] = field
    needed = [name for name, option in options.items() if option.get("required")]
    return {"type": "object", "additionalProperties": False, "properties": fields, "required": needed}


def made(site: Site) -> dict[str, list[dict[str, Any]]]:
    return controller([TASK, TASK._replace(name="eval", secrets=[], envs={}, stops=False)], site, SPECS)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize(("listed", "module"), _MODULES.items())
def test_every_object_is_what_its_module_takes(site, listed, module):
    validator = Draft202012Validator(schema(documented(module)))
    for each in made(site)[listed]:
        validator.validate(each)
        for question in (each.get("survey_spec") or {}).get("spec", ()):
            Draft202012Validator(QUESTION).validate(question)


@pytest.mark.parametrize("site", SITES)
def test_what_objects_name_is_there(site):
    found = made(site)
    names = {kind: {each["name"] for each in listed} for kind, listed in found.items()}
    files = {*task_files(TASK, SPECS), *(path.replace("train/", "eval/") for path in task_files(TASK, SPECS))}
    for template in found["controller_templates"]:
        assert template["inventory"] in names["controller_inventories"] and template["playbook"] in files
        assert set(template["credentials"]) <= names["controller_credentials"] | set(site.credentials)
    for credential in found["controller_credentials"]:
        assert credential["credential_type"] in names["controller_credential_types"] and "inputs" not in credential
    for workflow in found["controller_workflows"]:
        nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
        assert {node["unified_job_template"]["name"] for node in nodes.values()} <= names["controller_templates"]
        followed = {each["identifier"] for node in nodes.values() for then in node["related"].values() for each in then}
        assert followed == nodes.keys() - {"up"} and not nodes["down"]["related"]
    assert (
        "stix eval: stop" not in names["controller_templates"] and "stix train: stop" in names["controller_templates"]
    )


def test_the_secrets_of_a_credential_become_the_file_that_jobs_read():
    (kind,) = [each for each in made(Site())["controller_credential_types"] if each["name"] == "stix secrets of train"]
    template = Environment().from_string(kind["injectors"]["file"]["template.secrets"])
    values = {"TOKEN": 'a"b\n{{ c }}', "KEY": "<k>"}
    assert json.loads(template.render(values)) == values
    assert all(field["secret"] for field in kind["inputs"]["fields"])


def test_surveys_ask_what_the_argument_specs_say():
    templates = {each["name"]: each for each in made(Site())["controller_templates"]}
    for verb, (entry, names) in ASKED.items():
        questions = templates[f"stix train: {verb}"]["survey_spec"]["spec"]
        assert [question["variable"].removeprefix("ask_") for question in questions] == list(names)
        for name, question in zip(names, questions, strict=True):
            spec = SPECS[entry][name]
            assert question["question_name"].startswith(spec["description"])
            assert question["choices"] == (["true", "false"] if spec["type"] == "bool" else spec.get("choices", []))
    text, area = templates["stix train: up"]["survey_spec"]["spec"]
    assert (text["variable"], text["default"], area["type"]) == ("env_EPOCHS", "10", "textarea")


def test_files_are_yaml_and_hold_no_path_of_the_writer():
    files = {**task_files(TASK, SPECS), "configure.yml": configure()}
    for path, text in files.items():
        assert yaml.load(text, literal_loader()), path
        assert "/home/ann" not in text
    assert set(VERBS) == set(PLAYBOOKS)
    found = made(SITES[1])
    assert yaml.load(controller_text(found), literal_loader()) == found
    assert yaml.safe_load(environment(["ansible-core>=2.17", "boto3>=1"], {"amazon.aws": ">=9"}))["version"] == 3
    assert "stix train: once" in readme([TASK], SITES[1], found)


def literal_loader() -> Any:
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    return loader
