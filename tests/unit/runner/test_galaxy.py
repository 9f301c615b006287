"""Where content that a requirements file names is kept: a place for each content of the file and its local sources."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stix.runner.galaxy import requirements_folder, sealed_variables, vault_error


@pytest.mark.parametrize(
    "entry", [{"name": "made", "type": "dir"}, {"src": "git+file://{made},main"}, "./made", "{made}"]
)
def test_what_lies_here_is_fetched_again_when_it_changed(tmp_path: Path, entry: Any) -> None:
    made = tmp_path / "made" / "roles"
    made.mkdir(parents=True)
    (made / "main.yml").write_text("one")
    file = tmp_path / "requirements.yml"
    entries = json.dumps([entry]).replace("{made}", str(tmp_path / "made"))
    file.write_text(f'{{"collections": {entries}}}' if isinstance(entry, dict) else entries)
    first = requirements_folder(tmp_path, file)
    assert requirements_folder(tmp_path, file) == first
    (made / "main.yml").write_text("two")
    os.utime(made / "main.yml", (1, 1))
    second = requirements_folder(tmp_path, file)
    (made / "more.yml").write_text("")
    assert len({first, second, requirements_folder(tmp_path, file)}) == 3


def test_what_lies_elsewhere_is_known_by_the_file(tmp_path: Path) -> None:
    file = tmp_path / "requirements.yml"
    for text in (
        "collections: [community.general, {name: a.b, source: 'https://galaxy.test/'}]",
        "[geerlingguy.docker]",
        ": [",
    ):
        file.write_text(text)
        assert requirements_folder(tmp_path, file) == requirements_folder(tmp_path, file)


def test_a_vault_that_does_not_open_is_said_in_ansibles_words(tmp_path: Path) -> None:
    (tmp_path / "group_vars" / "all").mkdir(parents=True)
    (tmp_path / "group_vars" / "all" / "plain.yml").write_text("a: 1")
    vault = tmp_path / "group_vars" / "all" / "vault.yml"
    vault.write_text("$ANSIBLE_VAULT;1.1;AES256\n3030\n")
    assert sealed_variables(tmp_path / "site.yml") == [vault]
    (tmp_path / "password").write_text("x")
    environ = {**os.environ, "ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "password")}
    assert "Vault" in vault_error(tmp_path / "site.yml", "all: {hosts: {node: }}", environ)
