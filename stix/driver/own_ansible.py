"""A task's own Ansible content (`config.ansible`): checked before anything is made, played before the job."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stix.driver.kept_secrets import PREFIX, sources_of
from stix.driver.phases import Phases
from stix.driver.session import Run, World, settings_text
from stix.errors import StixError, UsageError
from stix.inventory.render import own_inventory, to_yaml
from stix.model.cluster import Cluster
from stix.model.task import Task
from stix.runner import content, environment, galaxy
from stix.runner.play import Play

GROUPS = {
    "all": {"children": {name: {"hosts": {"node": None}} for name in ("stix_nodes", "stix_head", "stix_workers")}}
}
"""The groups that the content will see, for a look at their variables."""


@dataclass(frozen=True, slots=True)
class OwnContent:
    """What is to be played.

    Attributes:
        name: what messages call it.
        folder: where relative names start.
        playbook: file; where roles are named, the one that plays them.
        needs: folder of what the requirements file names.
        passwords: Ansible's settings that open the user's vaults; none is a password.
    """

    name: str
    folder: Path
    playbook: Path
    variables: Mapping[str, Any]
    needs: Path | None
    passwords: Mapping[str, str]

    @property
    def search(self) -> dict[str, str]:
        """Ansible's settings that find roles and collections."""
        near = [self.folder / "collections", *([self.needs / "collections"] if self.needs else [])]
        roles = [self.folder / "roles", self.folder, *([self.needs / "roles"] if self.needs else [])]
        usual = ["~/.ansible/roles", "/usr/share/ansible/roles", "/etc/ansible/roles"]
        return {
            "ANSIBLE_ROLES_PATH": ":".join([*map(str, roles), *usual]),
            "ANSIBLE_COLLECTIONS_PATH": ":".join([*map(str, near), content.collection_paths()]),
            "ANSIBLE_NOCOLOR": "1",
            **self.passwords,
        }


def own_content(task: Task, world: World) -> OwnContent | None:
    """What a task wants played, if anything.

    Raises:
        UsageError: `sync.source`, a file is not there.
    """
    wish = task.ansible
    if not wish:
        return None
    folder = Path(os.path.abspath(os.path.expanduser(wish.get("folder") or "")))
    needs = None
    if wish.get("requirements"):
        needs = galaxy.requirements_folder(_cache(world), _there(folder, wish, "requirements"))
    named = bool(wish.get("playbook"))
    playbook = _there(folder, wish, "playbook") if named else _roles_playbook(wish["roles"], world)
    name = playbook.name if named else "the task's roles"
    passwords = sources_of(world).for_ansible(_cache(world))
    return OwnContent(name, folder, playbook, wish.get("vars") or {}, needs, passwords)


def check(task: Task, world: World) -> None:
    """Have all that the content needs here, and see that Ansible can read it; before anything is made.

    Raises:
        UsageError: `sync.source`, `task.invalid`, a file is not there or is no playbook.
        StixError: `runner.missing_content`, what it requires is not to be had.
    """
    own = own_content(task, world)
    if own is None:
        return
    if own.needs and not own.needs.is_dir():
        file = _there(own.folder, task.ansible, "requirements")
        world.note(f"fetching what {file.name} names, for {own.name}")
        galaxy.install(file, _cache(world), _for_galaxy())
    fault = galaxy.syntax_error(own.playbook, own.variables, _as_played(world) | own.search)
    if fault:
        sentence = f"{own.name} cannot be played: {fault}"
        raise UsageError("task.invalid", sentence, details={"keys": ["config"]})
    _check_vaults(own, world)


def _check_vaults(own: OwnContent, world: World) -> None:
    """See that variables beside the playbook that are vaults can be opened."""
    sealed = galaxy.sealed_variables(own.playbook)
    if not sealed:
        return
    hint = "set ANSIBLE_VAULT_PASSWORD_FILE, or secrets.vault_password_file in the settings"
    named = ", ".join(os.path.relpath(file, own.playbook.parent) for file in sealed)
    if not own.passwords:
        fault = "no password of your vaults is known"
    else:
        fault = galaxy.vault_error(own.playbook, to_yaml(GROUPS), _as_played(world) | own.search)
    if fault:
        sentence = f"{own.name} cannot be played: {named} cannot be read: {fault}"
        raise UsageError("task.invalid", sentence, hint=hint, details={"keys": ["config"]})


def play(run: Run, cluster: Cluster, task: Task) -> None:
    """Play it on the cluster's nodes; what Ansible prints is passed on.

    Raises:
        StixError: `setup.failed`, with the host and the task that failed.
    """
    own = own_content(task, run.world)
    if own is None:
        return
    secrets = task.secret_values
    file = str(run.folder.secrets_file) if secrets else None
    files = own_inventory(cluster, run_id=run.id, secrets_file=file)
    how = {"search": own.search, "variables": to_yaml(dict(own.variables)) if own.variables else ""}
    stage, ident = run.stage("ansible", files, str(own.playbook), **how)
    nodes = max(1, len(cluster.nodes))
    order = Play(
        stage,
        str(own.playbook),
        ident,
        forks=min(64, max(5, nodes)),
        arguments=("-e", f"@{stage / 'vars.yml'}") if own.variables else (),
        lock=run.lock,
        secrets=run.folder.secrets_file if secrets else None,
        search=own.search,
        shows=True,
    )
    outcome = run.carry_out(order, Phases(run.emit, cluster.name, "ansible", nodes), secrets=secrets or None)
    if error := outcome.error:
        if error.code == "interrupted":
            raise error
        hint = "the cluster is up; 'stix up' with the same task goes on from there"
        raise StixError("setup.failed", f"{own.name}: {error.message}", hint=hint, details=dict(error.details))


def _cache(world: World) -> Path:
    return world.home.root / "ansible"


def _for_galaxy() -> dict[str, str]:
    """The user's environment, as ansible-galaxy may need tokens and proxies of it, but no keys of clouds."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) and name not in environment.SECRET
    } | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "False"}


def _as_played(world: World) -> dict[str, str]:
    """The environment and settings of the play to come: what only the user's own would allow is told before it."""
    config = _cache(world) / "ansible.cfg"
    config.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    config.write_text(settings_text(world.home), encoding="utf-8")
    return environment.scrubbed(os.environ, config, content.collection_paths())


def _there(folder: Path, wish: Mapping[str, Any], key: str) -> Path:
    file = folder / os.path.expanduser(str(wish[key]))
    if not file.is_file():
        sentence = f"'{file}', the {key} of config.ansible, does not exist here"
        raise UsageError("sync.source", sentence, details={"keys": ["config"]})
    return file


def _roles_playbook(roles: Any, world: World) -> Path:
    """The file of a playbook that plays roles on all nodes; the same for the same roles."""
    text = to_yaml([{"name": "Roles of the task", "hosts": "stix_nodes", "roles": list(roles)}])
    file = _cache(world) / f"roles-{hashlib.sha256(text.encode()).hexdigest()[:16]}.yml"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(text, encoding="utf-8")
    return file
