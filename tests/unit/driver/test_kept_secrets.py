"""Where values of secrets come from that a task only names: real vaults, a real command, an environment."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stix.driver.kept_secrets import SecretSources, secret_notes, with_values
from stix.driver.ledger import Ledger
from stix.errors import UsageError
from stix.model.task import ManagedSecret, Task
from stix.spec.load import from_config
from stix.state.home import Home

PASSWORD = "open-sesame"


def sources(folder: Path, environ: dict[str, str] | None = None, **settings: Any) -> SecretSources:
    return SecretSources(settings, folder, {"PATH": "/usr/bin:/bin", "HOME": str(folder), **(environ or {})})


def value(found: SecretSources, name: str, scope: str | None = None) -> str:
    return found.find(ManagedSecret(name, scope))


@pytest.fixture
def vaults(tmp_path: Path) -> Path:
    """`whole.yml`, encrypted as a whole, and `parts.yml` with one encrypted value; the password in `password`."""
    (tmp_path / "password").write_text(PASSWORD + "\n")
    vault = [str(Path(sys.executable).with_name("ansible-vault")), "--vault-password-file", str(tmp_path / "password")]
    (tmp_path / "whole.yml").write_text("A: of-the-whole\nN: 7\npersonal: {A: my-own}\n")
    subprocess.run([vault[0], "encrypt", *vault[1:], str(tmp_path / "whole.yml")], check=True, capture_output=True)
    line = [vault[0], "encrypt_string", *vault[1:], "--name", "B", "of-a-part"]
    (tmp_path / "parts.yml").write_bytes(subprocess.run(line, check=True, capture_output=True).stdout)
    return tmp_path


def test_vault_files_whole_and_in_parts(vaults: Path) -> None:
    found = sources(vaults, vault_files=["whole.yml", "parts.yml"], vault_password_file="password")
    assert [value(found, name) for name in ("A", "B", "N")] == ["of-the-whole", "of-a-part", "7"]
    assert value(found, "A", "personal") == "my-own" and value(found, "B", "personal") == "of-a-part"
    asked = sources(vaults, vault_files="whole.yml", vault_password_command=f"cat {vaults / 'password'}")
    assert value(asked, "A") == "of-the-whole"


def test_ansible_is_told_where_the_password_is_and_not_the_password(vaults: Path, tmp_path: Path) -> None:
    assert sources(vaults).for_ansible(tmp_path / "a") == {} and not (tmp_path / "a").exists()
    found = sources(vaults, {"ANSIBLE_VAULT_PASSWORD_FILE": "/one", "ANSIBLE_VAULT_IDENTITY_LIST": "x@prompt, y@/two"})
    assert found.for_ansible(tmp_path / "a") == {
        "ANSIBLE_VAULT_PASSWORD_FILE": "/one", "ANSIBLE_VAULT_IDENTITY_LIST": "y@/two"}  # fmt: skip
    asked = sources(vaults, vault_password_command=["cat", str(vaults / "password")])
    program = asked.for_ansible(tmp_path / "a")["ANSIBLE_VAULT_PASSWORD_FILE"]
    assert subprocess.run([program], capture_output=True, check=True, text=True).stdout == PASSWORD + "\n"
    assert PASSWORD not in Path(program).read_text() and Path(program).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"vault_password_file": "wrong"}, "whole.yml' cannot be read with that password"),
        ({"vault_password_file": "gone"}, "gone' cannot be read"),
        ({"vault_password_command": ["false"]}, "'false' does not give the password of the vault files"),
        ({}, "the vault files have no password"),
    ],
)
def test_a_vault_that_does_not_open(vaults: Path, settings: dict[str, str], sentence: str) -> None:
    (vaults / "wrong").write_text("not-it")
    with pytest.raises(UsageError, match=sentence) as caught:
        value(sources(vaults, vault_files=["whole.yml"], **settings), "A")
    assert caught.value.code == "config.invalid" and "of-the-whole" not in str(caught.value.to_record())


def test_the_environment_and_the_order(tmp_path: Path) -> None:
    environ = {"STIX_SECRET_A": "with-prefix", "A": "without", "B": "plain"}
    command = [sys.executable, "-c", "import os, sys; print(sys.argv[1], 'STIX_SECRET_A' in os.environ)", "x/{name}"]
    found = sources(tmp_path, environ, command=command)
    assert [value(found, name) for name in ("A", "B", "C")] == ["with-prefix", "plain", "x/C False"]
    assert value(sources(tmp_path, environ, command=command, order=["command", "environment"]), "A") == "x/A False"


def test_one_that_is_nowhere_is_missed_with_all_places(vaults: Path) -> None:
    settings = {"vault_files": ["whole.yml"], "vault_password_file": "password", "command": "sh -c 'exit 3' {name}"}
    with pytest.raises(UsageError) as caught:
        value(sources(vaults, **settings), "TOKEN")
    assert caught.value.code == "secrets.missing"
    assert caught.value.message == (
        f"secret 'TOKEN' has no value; looked for in {vaults / 'whole.yml'} and $STIX_SECRET_TOKEN, $TOKEN and "
        "'sh -c 'exit 3' TOKEN' (exit code 3)"
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"comand": "x"}, "unknown key 'comand' under 'secrets'"),
        ({"vault_files": {"a": 1}}, "must be text or a list"),
        ({"order": ["vault", "magic"]}, "not the text 'magic'"),
        ({"command": ["no-such-program-of-stix"]}, "no-such-program-of-stix, is not there"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as caught:
        value(sources(tmp_path, **settings), "A")
    assert caught.value.code == "config.invalid"


def test_variables_and_files_of_a_task(tmp_path: Path) -> None:
    task = from_config({
        "run": "ls", "secrets": {"A": None, "OWN": "own-value"},
        "managed_secrets": ["B", {"B": {"mount_path": "~/b"}}, {"C": {"mount_path": "c"}}],
    }, secrets={"C": "given"})  # fmt: skip
    filled = with_values(task, sources(tmp_path, {"A": "of-a", "B": "of-b"}))
    assert dict(filled.secrets) == {"A": "of-a", "B": "of-b", "OWN": "own-value", "C": "given"}
    assert dict(filled.file_secrets) == {"B": "of-b", "C": "given"} and "of-b" not in repr(filled)
    assert filled.secret_files == {"~/b": "B", "c": "C"}


def test_a_plan_names_the_places_and_fetches_nothing(tmp_path: Path) -> None:
    ledger = Ledger(Home(tmp_path))
    ledger.home.config_file.write_text("secrets: {command: [/bin/false, '{name}'], order: [command, environment]}")
    (note,) = secret_notes(Task(managed_secrets=(ManagedSecret("T", None, "~/t"),)), ledger)
    assert note == f"secret T, for ~/t, will be looked for in {shlex.quote('/bin/false T')}, $STIX_SECRET_T, $T"
