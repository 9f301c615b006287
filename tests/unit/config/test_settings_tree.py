"""Settings come in layers: which wins, where each value is from, what each layer may say."""

import os
from pathlib import Path

import pytest

from stix.catalog.user import load
from stix.clouds.registry import clouds
from stix.config.flags import checked, of_task_and_others
from stix.config.layers import Layer, files, flags, load_layers
from stix.config.show import rows
from stix.config.tree import Config, merge
from stix.driver.ledger import Ledger
from stix.driver.settings import Settings, settings_of
from stix.errors import UsageError
from stix.spec.document import Document
from stix.spec.schema.settings import SETTINGS
from stix.state.home import Home
from tests.conftest import demand


@pytest.fixture
def layered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The three files; nothing is in them."""
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setenv("STIX_SITE_CONFIG", str(tmp_path / "site.yaml"))
    found = {"site": tmp_path / "site.yaml", "user": tmp_path / "config.yaml", "project": project / ".stix.yaml"}
    for file in found.values():
        file.write_text("")
    return found


def read(layered: dict[str, Path]) -> Config:
    return merge(load_layers(layered["user"]))


def shown(config: Config, key: str = "") -> dict[str, tuple[object, str]]:
    found = {}
    for row in rows(config, key):
        record = row.to_dict()
        found[record["key"]] = record["value"], ", ".join(map(str, row.origins))
    return found


def test_the_higher_layer_wins_and_each_value_knows_its_line(layered: dict[str, Path]) -> None:
    layered["site"].write_text(
        "retry_seconds: 1\nsurvey_seconds: 2\naws:\n  labels: {team: a, cost: x}\n  subnet_ids: [s]\n"
    )
    layered["user"].write_text("survey_seconds: 3\naws:\n  labels:\n    team: b\n  subnet_ids: [u, v]\n")
    layered["project"].write_text("aws: {vpc_name: p}\nkubernetes: {provision_timeout: 7}\n")
    with flags({"retry_seconds": 9}):
        config = read(layered)
    site, user, project = (f"{name} {layered[name] if name != 'project' else '.stix.yaml'}" for name in layered)
    told = shown(config)
    assert told["retry_seconds"] == (9, "flag --config")
    assert told["survey_seconds"] == (3, f"{user}:1")
    assert told["aws.labels.team"] == ("b", f"{user}:4") and told["aws.labels.cost"] == ("x", f"{site}:4")
    assert told["aws.subnet_ids"] == (["u", "v"], f"{user}:5") and told["aws.vpc_name"] == ("p", f"{project}:1")
    assert told["warm"] == (True, "built-in") and told["kubernetes.ports"] == ("loadbalancer", "built-in")
    settings = settings_of(config)
    assert settings.retry_seconds == 9 and settings.accounts["aws"]["labels"] == {"team": "b", "cost": "x"}


def test_lists_are_replaced_but_in_a_pod_config_where_they_are_joined(layered: dict[str, Path]) -> None:
    layered["site"].write_text(
        "kubernetes:\n  allowed_contexts: [a]\n  pod_config: {spec: {tolerations: [{key: a}]}}\n"
    )
    layered["user"].write_text(
        "kubernetes:\n  allowed_contexts: [b]\n  pod_config: {spec: {tolerations: [{key: b}]}}\n"
    )
    config = read(layered)
    found = config.values["kubernetes"]
    assert found["allowed_contexts"] == ["b"]
    assert found["pod_config"]["spec"]["tolerations"] == [{"key": "a"}, {"key": "b"}]
    _, origins = shown(config)["kubernetes.pod_config.spec.tolerations"]
    assert origins == f"site {layered['site']}:3, user {layered['user']}:3"


def test_null_takes_away_what_is_below(layered: dict[str, Path]) -> None:
    layered["site"].write_text("aws: {vpc_name: x, ssh_user: y}\nretry_seconds: 3\n")
    layered["user"].write_text("aws: {vpc_name: null}\nretry_seconds: null\n")
    config = read(layered)
    assert config.values["aws"] == {"ssh_user": "y"} and settings_of(config).retry_seconds == 15
    assert shown(config)["retry_seconds"] == (15, "built-in")


def test_variables_win_over_files(layered: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    layered["project"].write_text("warm: true\nlock_timeout_minutes: 1\n")
    monkeypatch.setenv("STIX_WARM", "0")
    monkeypatch.setenv("STIX_LOCK_TIMEOUT_MINUTES", "2.5")
    config = read(layered)
    assert shown(config)["warm"] == (False, "environment $STIX_WARM")
    assert settings_of(config).lock_timeout_minutes == 2.5
    monkeypatch.setenv("STIX_LOCK_TIMEOUT_MINUTES", "soon")
    with pytest.raises(UsageError, match=r"^\$STIX_LOCK_TIMEOUT_MINUTES: 'lock_timeout_minutes' must be"):
        read(layered)


@pytest.mark.parametrize(
    ("layer", "text", "sentence", "hint"),
    [
        ("user", "warm: true\nretry_second: 3", ":2:1: unknown key 'retry_second'", "retry_seconds"),
        ("site", "aws:\n  vpc_nam: x", ":2:3: unknown key 'vpc_nam' under 'aws'", "vpc_name"),
        ("project", "policy: {infra: [aws]}", ":1:10: unknown key 'infra' under 'policy'", "infras"),
        ("user", "policy: {infras: [awz/us-east-1]}", "'policy.infras[0]' names no infrastructure", "aws"),
        ("user", "warm: [", ":2:1: ", ""),
        ("user", "a: 1\n---\nb: 2", "second document", ""),
        ("user", "hooks: [{run: ls}]", "'hooks' is a task's own", "under 'config' of the task"),
        ("user", "- a", "must be a map", ""),
        ("project", "secrets: {command: evil}", "'secrets' cannot be set by a project's file", "~/.stix/config.yaml"),
        ("project", "admin_policy: a.B", "'admin_policy' cannot be set", ""),
        ("project", "catalog: {max_age_days: 3}", "'catalog' cannot be set", ""),
        ("project", "storage: {r2: {endpoint: evil}}", "'storage.r2.endpoint' cannot be set", ""),
        ("project", "aws: {ssh_proxy_command: evil}", "'aws.ssh_proxy_command' cannot be set", ""),
    ],
)
def test_mistakes_name_file_line_and_the_nearest_word(
    layered: dict[str, Path], layer: str, text: str, sentence: str, hint: str
) -> None:
    layered[layer].write_text(text)
    with pytest.raises(UsageError) as caught:
        read(layered)
    error = caught.value
    assert error.code == "config.invalid" and error.exit_status == 2
    assert sentence in error.message and hint in error.hint
    assert layered[layer].name in error.message


def test_a_project_in_a_folder_of_everybodys_must_be_ones_own(layered: dict[str, Path]) -> None:
    demand("" if os.getuid() == 0 else "only root gives files away")
    layered["project"].write_text("retry_seconds: 3\n")
    layered["project"].parent.chmod(0o777)
    assert settings_of(read(layered)).retry_seconds == 3
    os.chown(layered["project"], 4711, -1)
    with pytest.raises(UsageError, match="belongs to somebody else"):
        read(layered)
    layered["project"].parent.chmod(0o755)
    assert settings_of(read(layered)).retry_seconds == 3


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    for variable in ("STIX_SITE_CONFIG", "STIX_PROJECT_CONFIG"):
        with pytest.raises(UsageError, match=f"{variable} names /none.yaml, which is not there"):
            load_layers(tmp_path / "config.yaml", {variable: "/none.yaml"})


def test_the_machines_own_site_file_cannot_be_taken_away_by_a_variable(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("")
    found = files(tmp_path / "config.yaml", {"STIX_SITE_CONFIG": str(tmp_path / "other.yaml")})
    assert [str(file) for name, file in found if name == "site"] == [
        "/etc/stix/config.yaml",
        str(tmp_path / "other.yaml"),
    ]


def test_flags_say_a_tasks_settings_and_others() -> None:
    given = {"docker": {"run_options": "-v", "default_image": "x"}, "retry_seconds": 3, "hooks": [], "nonsense": 1}
    assert of_task_and_others(given) == (
        {"docker": {"run_options": "-v"}, "hooks": [], "nonsense": 1},
        {"docker": {"default_image": "x"}, "retry_seconds": 3},
    )
    for wrong in ({"retry_seconds": "x"}, {"catalog": {"max_age_days": 1}}):
        with pytest.raises(UsageError, match="^--config: ") as caught:
            of_task_and_others(wrong)
        assert caught.value.code == "usage"
    with pytest.raises(UsageError, match="--config: unknown key 'retry_second'"):
        checked({"retry_second": 3})


def test_secrets_are_hidden() -> None:
    data = {
        "api_server": {"endpoint": "https://ann:pw@host", "service_account_token": "sky_1"},
        "db": "postgresql://u:pw2@h/x",
        "docker": {"run_options": ["--env API_TOKEN=pw3", "-v /a:/b"]},
        "azure": {"custom_data": '{"token": "pw7"}'},
        "kubernetes": {"pod_config": {"spec": {"containers": [{"env": [{"name": "MY_PASSWORD", "value": "pw4"}]}]}}},
        "aws": {"labels": {"secret": "pw5", "team": "x"}},
        "admin_policy": "https://ann:pw6@policy.example.org/x",
        "secrets": {"vault_password_file": "~/.vault-password", "command": "pass show {name}"},
    }
    told = rows(merge([Layer("user", Document("f", data))]))
    text = str([row.to_dict() for row in told])
    assert "pw" not in text.replace("https://ann:(hidden)@", "") and "sky_1" not in text
    assert "~/.vault-password" in text and "-v /a:/b" in text and "pass show {name}" in text


def test_what_nothing_follows_says_so() -> None:
    told = {
        row.path: row.followed for row in rows(merge([Layer("user", Document("f", {"jobs": {"bucket": "s3://x"}}))]))
    }
    assert told["jobs", "bucket"] is False and told["warm",] is True


def test_a_key_alone_and_what_is_below_it() -> None:
    config = merge([Layer("user", Document("f", {"aws": {"vpc_name": "x"}, "warm": False}))])
    assert shown(config, "aws.vpc_name") == {"aws.vpc_name": ("x", "user f")}
    assert set(shown(config, "aws")) == {"aws.vpc_name", "aws.spot_interruption"}
    with pytest.raises(UsageError, match="no setting 'aws.vpc_nme'") as caught:
        rows(config, "aws.vpc_nme")
    assert caught.value.hint == "did you mean 'aws.vpc_name'?"


def test_the_schema_has_every_cloud_and_the_defaults_that_hold() -> None:
    assert {name for name in clouds() if name != "local"} <= set(SETTINGS.keys)
    built_in = {row.path[0]: row.value for row in rows(Config()) if len(row.path) == 1}
    settings = Settings()
    for name in ("warm", "warm_idle_minutes", "survey_seconds", "retry_seconds"):
        assert built_in[name] == getattr(settings, name)


def test_a_ledger_and_the_catalog_follow_the_site(layered: dict[str, Path], tmp_path: Path) -> None:
    layered["site"].write_text("survey_seconds: 5\ncatalog: {max_age_days: 7}\n")
    layered["project"].write_text("docker: {default_image: mine}\n")
    ledger = Ledger(Home(tmp_path))
    assert ledger.settings.survey_seconds == 5 and ledger.settings.docker == {"default_image": "mine"}
    assert load(tmp_path, tmp_path / "none.sqlite", fetch=False).max_age_days == 7
    layered["user"].write_text("catalog: {max_age_days: 8}\n")
    assert load(tmp_path, tmp_path / "none.sqlite", fetch=False).max_age_days == 8


def test_a_variable_that_names_a_file_of_nobody(layered: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIX_SITE_CONFIG", "~nobody-has-this-name/x")
    with pytest.raises(UsageError, match=r"\$STIX_SITE_CONFIG names ~nobody-has-this-name/x, which is not there"):
        read(layered)
    with pytest.raises(UsageError, match="there is no such user"):
        Home("~nobody-has-this-name/x")
