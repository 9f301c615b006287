"""Admin policies, a class or a server: asked before anything is planned, and never left out."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import stix
from stix.api.admin_policy import apply
from stix.api.content import export_awx
from stix.driver.decide import LaunchOptions, make_plan
from stix.driver.ledger import Ledger
from stix.driver.policy import rules_of
from stix.errors import StixError
from stix.spec.load import from_config
from stix.state.home import Home
from tests.lab.policy_server import PolicyServer, serving

CLASSES = """
import stix as sky

class Adds(sky.AdminPolicy):
    @classmethod
    def validate_and_mutate(cls, request):
        task, config = request.task, request.skypilot_config
        assert (request.request_name, request.at_client_side) == ("launch", True)
        task.update_envs({"CLUSTER": f"{request.request_options.cluster_name} {request.request_options.dryrun}"})
        config.set_nested(("aws", "use_internal_ips"), True)
        assert "secrets" not in config and config.get_nested(("aws", "vpc_name"), "?") == "x"
        return sky.MutatedUserRequest(task, config)

class Nothing(sky.AdminPolicy):
    @classmethod
    def validate_and_mutate(cls, request):
        return sky.MutatedUserRequest(request.task, request.skypilot_config)

class Refuses(sky.AdminPolicy):
    @classmethod
    def validate_and_mutate(cls, request):
        raise RuntimeError(f"no GPUs on weekends, {request.task.secrets['TOKEN']}")

class Reaches(sky.AdminPolicy):
    @classmethod
    def validate_and_mutate(cls, request):
        request.skypilot_config["secrets"] = {"command": "evil"}
        return sky.MutatedUserRequest(request.task, request.skypilot_config)

class Narrows(sky.AdminPolicy):
    @classmethod
    def validate_and_mutate(cls, request):
        request.skypilot_config["allowed_clouds"] = ["aws"]
        request.skypilot_config["policy"] = {"max_hourly_cost": 3}
        return sky.MutatedUserRequest(request.task, request.skypilot_config)

class Next(sky.AdminPolicy):
    @classmethod
    def validate_and_mutate(cls, request):
        request.skypilot_config["admin_policy"] = "site_policies.Nothing"
        return sky.MutatedUserRequest(request.task, request.skypilot_config)

class Spoils(sky.AdminPolicy):
    @classmethod
    def validate_and_mutate(cls, request):
        request.skypilot_config.set_nested(("aws", "vpc_nam"), "y")
        return sky.MutatedUserRequest(request.task, request.skypilot_config)
"""
TASK = {
    "run": "ls", "workdir": "./$TOKEN", "envs": {"A": "1"}, "secrets": {"TOKEN": "s3cret-value"},
    "resources": {"infra": "local"},
    "config": {"docker": {"run_options": ["-v /a:/b"]}},
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    (tmp_path / "site_policies.py").write_text(CLASSES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return Ledger(Home(tmp_path / "home"))


def configure(ledger: Ledger, policy: str, more: str = "") -> None:
    ledger.home.config_file.write_text(
        f"admin_policy: {policy}\naws: {{vpc_name: x}}\nsecrets: {{order: [command]}}\n{more}"
    )


def test_a_class_changes_task_and_settings(ledger: Ledger) -> None:
    configure(ledger, "site_policies.Adds")
    task = from_config(TASK)
    new, notes = apply(ledger, task, "dev", LaunchOptions(), dryrun=True)
    assert new.envs == {"A": "1", "CLUSTER": "dev True"} and dict(new.secrets) == {"TOKEN": "s3cret-value"}
    assert ledger.settings.accounts["aws"] == {"vpc_name": "x", "use_internal_ips": True}
    assert ledger.settings.secrets == {"order": ["command"]}
    assert notes == ("admin policy site_policies.Adds changed the task and settings",)


def test_rules_that_it_sets_hold_beside_those_of_the_layers(ledger: Ledger) -> None:
    configure(ledger, "site_policies.Narrows", "policy: {infras: [local]}\n")
    apply(ledger, from_config(TASK), "dev")
    assert [(rule.name, rule.value) for rule in rules_of(ledger.config)] == [
        ("infras", ["local"]), ("max_hourly_cost", 3), ("allowed_clouds", ["aws"]),
    ]  # fmt: skip
    assert rules_of(ledger.config)[1].origin == "site_policies.Narrows"
    with pytest.raises(StixError) as caught:
        make_plan(ledger, from_config({"run": "ls", "resources": {"infra": "local"}}), "dev", LaunchOptions())
    assert caught.value.code == "policy.refused" and caught.value.details["rule"] == "allowed_clouds"


def test_tasks_for_awx_are_asked_about(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure(ledger, "site_policies.Refuses")
    monkeypatch.setenv("STIX_HOME", str(ledger.home.root))
    (tmp_path / "t.yaml").write_text("run: ls\nsecrets: {TOKEN: s3cret-value}\n")
    with pytest.raises(StixError, match="no GPUs on weekends") as caught:
        export_awx([tmp_path / "t.yaml"], tmp_path / "awx")
    assert caught.value.code == "policy.refused" and not (tmp_path / "awx").exists()


def test_one_that_changes_nothing_leaves_the_very_task(ledger: Ledger) -> None:
    configure(ledger, "site_policies.Nothing")
    task = from_config(TASK)
    assert apply(ledger, task, None) == (task, ()) and apply(ledger, task, None)[0] is task


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ("site_policies.Refuses", "site_policies.Refuses refuses: no GPUs on weekends, ***"),
        ("site_policies.Absent", "it cannot be used (module 'site_policies' has no attribute 'Absent')"),
        ("site_policies.Reaches", "its settings have 'secrets'"),
        ("site_policies.Next", "its settings have 'admin_policy'"),
        ("no_such_module.Policy", "it cannot be used (No module named 'no_such_module')"),
        ("site_policies.CLASSES", "refuses: "),
        ("site_policies.Spoils", "its settings are wrong: unknown key 'vpc_nam' under 'aws'"),
        ("http://127.0.0.1:9/policy", "it does not answer ("),
    ],
)
def test_one_that_fails_refuses(ledger: Ledger, policy: str, sentence: str) -> None:
    configure(ledger, policy)
    with pytest.raises(stix.exceptions.UserRequestRejectedByPolicy) as caught:
        apply(ledger, from_config(TASK), "dev")
    assert caught.value.code == "policy.refused" and caught.value.exit_status == 2
    assert sentence in caught.value.message and "s3cret" not in str(caught.value.to_record())


def decide(request: stix.UserRequest) -> stix.MutatedUserRequest:
    """What the server below does, by the task's variable A."""
    task, config = request.task, request.skypilot_config
    wish = task.envs["A"]
    if wish == "no":
        raise ValueError("not today")
    if wish == "elsewhere":
        raise LookupError("http://127.0.0.1:9/other")
    if wish == "fault":
        raise RuntimeError("broken")
    if wish == "reorder":
        config["events"]["hooks"].reverse()
        config["events"]["hooks"][1]["name"] = "first"
        config["events"]["hooks"].pop(1)
    if wish == "spoil":
        config["aws"]["vpc_name"] = config["db"]
    if wish == "label":
        assert request.user is not None
        resources = next(iter(task.resources))
        task.set_resources(resources.copy(labels={"by": request.user.name}))
        config.set_nested(("retry_seconds",), 3)
    return stix.MutatedUserRequest(task, config)


@pytest.fixture
def server() -> Iterator[PolicyServer]:
    with serving(decide) as found:
        yield found


def asking(wish: str) -> dict[str, object]:
    return {**TASK, "envs": {"A": wish}}


def test_a_server_is_asked_as_skypilots_are(ledger: Ledger, server: PolicyServer) -> None:
    login = server.url.replace("http://", "http://ann:hunter2@")
    configure(ledger, login, "db: sqlite:///x\n")
    task = from_config(asking("label"))
    new, notes = apply(ledger, task, "dev", LaunchOptions(idle_minutes=5, down=True))
    (asked,) = server.asked
    assert set(asked) == {"task", "skypilot_config", "request_name", "request_options", "at_client_side", "user"}
    assert asked["request_options"] == {
        "cluster_name": "dev",
        "idle_minutes_to_autostop": 5,
        "down": True,
        "dryrun": False,
    }
    assert yaml.safe_load(asked["task"])["run"] == "ls" and asked["request_name"] == "launch"
    assert (
        "s3cret" not in str(asked)
        and "hunter2" not in str(asked)
        and yaml.safe_load(asked["skypilot_config"])["db"] == "(hidden)"
    )
    assert server.logins == ["Basic " + base64.b64encode(b"ann:hunter2").decode()]
    labels = new.resources[0].labels
    assert list(labels) == ["by"] and dict(new.secrets) == {"TOKEN": "s3cret-value"} and new.workdir == "./s3cret-value"
    assert new.docker_run_options == task.docker_run_options == ("-v /a:/b",)
    assert ledger.settings.retry_seconds == 3 and ledger.config.values["db"] == "sqlite:///x"
    assert notes == (f"admin policy {login.replace('hunter2', '(hidden)')} changed the task and settings",)


def test_a_server_that_changes_nothing_leaves_the_very_task(ledger: Ledger, server: PolicyServer) -> None:
    configure(ledger, server.url)
    task = from_config(asking("as it is"))
    assert apply(ledger, task, "dev") == (task, ())


@pytest.mark.parametrize(
    ("wish", "reason"),
    [("no", "refuses: not today"), ("fault", "it does not answer (HTTP Error 500"), ("elsewhere", "HTTP Error 302")],
)
def test_a_server_that_refuses_or_breaks(ledger: Ledger, server: PolicyServer, wish: str, reason: str) -> None:
    configure(ledger, server.url)
    with pytest.raises(StixError) as caught:
        apply(ledger, from_config(asking(wish)), "dev")
    assert caught.value.code == "policy.refused" and reason in caught.value.message


def test_those_of_all_layers_are_asked_the_sites_last(
    ledger: Ledger, server: PolicyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.yaml").write_text(f"admin_policy: {server.url}\n")
    monkeypatch.setenv("STIX_SITE_CONFIG", str(tmp_path / "site.yaml"))
    configure(ledger, "site_policies.Adds")
    apply(ledger, from_config(asking("as it is")), "dev")
    assert yaml.safe_load(server.asked[0]["task"])["envs"]["CLUSTER"] == "dev False"
    configure(ledger, "null")
    again = Ledger(ledger.home)
    with pytest.raises(StixError, match="not today"):
        apply(again, from_config(asking("no")), "dev")


HOOKS = """
events:
  hooks:
    - {on: cluster.up, command: [tell, --token, s3cret-1]}
    - {on: cluster.down, command: [curl, -u, "me:s3cret-2", "https://x.example.org?token=s3cret-3"]}
db: sqlite:///x
"""


def test_a_server_sees_no_password_and_what_it_moves_keeps_its_own(ledger: Ledger, server: PolicyServer) -> None:
    configure(ledger, server.url + "?token=s3cret-4", HOOKS)
    login = "https://me:s3cret-git@example.org/r.git"
    task = from_config({
        "run": "ls", "workdir": {"url": login}, "resources": {"infra": "local"},
        "envs": {
            "A": "reorder", "SKYPILOT_DOCKER_USERNAME": "me", "SKYPILOT_DOCKER_PASSWORD": "s3cret-docker",
            "SKYPILOT_DOCKER_SERVER": "registry.example.org",
        },
    })  # fmt: skip
    new, notes = apply(ledger, task, "dev")
    assert new == task and notes and "s3cret" not in str(server.asked) + str(notes)
    (left,) = ledger.config.values["events"]["hooks"]
    assert left["command"] == ["curl", "-u", "me:s3cret-2", "https://x.example.org?token=s3cret-3"]
    with pytest.raises(StixError, match="where nothing was hidden from it") as caught:
        apply(ledger, task.with_(envs={**task.envs, "A": "spoil"}), "dev")
    assert caught.value.code == "policy.refused" and "s3cret" not in str(caught.value.to_record())
