"""The user's own Ansible content on clusters, and clusters as an inventory of theirs."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stix.api.clusters import open_store
from stix.errors import ClusterError, StixError, UsageError
from stix.state.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterable

EXPORT_MARK = "# Written by 'stix inventory --export'.\n"


def ansible_call(
    program: str, cluster_name: str, words: Sequence[str], isolated: bool = False
) -> tuple[list[str], dict[str, str]]:
    """The command line of `ansible-playbook` or `ansible` with a cluster's inventory, and its environment.

    Args:
        isolated: leave the user's `ansible.cfg` and `ANSIBLE_*` variables out.

    Raises:
        ClusterError: `cluster.not_found`, `cluster.not_up`: no machine of it runs.
    """
    from stix.runner import content, user_content

    home = Home()
    record = open_store(home).cluster_record(cluster_name)
    if not any(node.get("state") == "running" for node in record["nodes"]):
        verb = "start" if record["wanted"] == "stopped" else "repair"
        raise ClusterError(
            "cluster.not_up", f"no machine of cluster {cluster_name!r} runs", hint=f"stix {verb} {cluster_name}"
        )
    folder = home.clusters / cluster_name
    source = user_content.write_source(folder, home.root, [cluster_name])
    ssh = _ssh(home)
    settings = (
        user_content.isolated(os.environ, ssh, folder) if isolated else user_content.own_settings(os.environ, ssh)
    )
    return [content.program(program), "-i", str(source), *words], settings


def _ssh(home: Home) -> tuple[str, str]:
    from stix.driver.session import ssh_places
    from stix.runner.rundir import ssh_settings

    return ssh_settings(*ssh_places(home))


def inventory(cluster_names: "Iterable[str]", *words: str) -> str:
    """What `ansible-inventory` says of clusters when it is called with these words, as `--list` or `--graph`.

    Raises:
        StixError: `runner.failed`, with Ansible's own words; UsageError: `--host` names none.
    """
    import subprocess
    import tempfile

    from stix.runner import content, user_content

    home = Home()
    with tempfile.TemporaryDirectory(prefix="stix-") as made:
        source = user_content.write_source(Path(made), home.root, cluster_names)
        done = subprocess.run(
            [content.program("ansible-inventory"), "-i", str(source), *words],
            env=user_content.isolated(os.environ, _ssh(home), Path(made)) | {"ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[0]
        if "--host" in words and "host" in reason.lower():
            raise UsageError("usage", f"no host {words[-1]!r} is in the inventory", hint="stix inventory lists them")
        raise StixError("runner.failed", f"ansible-inventory failed: {reason}", details={"output": done.stderr[-2000:]})
    return done.stdout


def listed_inventory(cluster_names: "Iterable[str]", host: str | None = None) -> dict[str, Any]:
    """Groups and variables as `ansible-inventory --list` has them, or the variables of one host."""
    from stix.inventory.static import plain

    words = ("--list",) if host is None else ("--host", host)
    found: dict[str, Any] = plain(json.loads(inventory(cluster_names, *words)))
    return found


def export_inventory(cluster_names: "Iterable[str]", folder: Path) -> Path:
    """Write clusters as an inventory that needs no stix, `hosts.yml` in a folder; its path.

    Raises:
        UsageError: the file is there and was not written by this.
    """
    from stix.inventory.static import static_inventory

    target = folder / "hosts.yml"
    if target.exists() and not target.read_text(encoding="utf-8").startswith(EXPORT_MARK):
        raise UsageError("usage", f"{target} is there already", hint="name another folder, or remove the file")
    text = static_inventory(listed_inventory(cluster_names))
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(EXPORT_MARK + text, encoding="utf-8")
    return target


def eject(
    task: Any,
    folder: Path,
    cluster_name: str | None = None,
    *,
    no_setup: bool = False,
    down: bool = False,
    idle_minutes_to_autostop: float | None = None,
    wait_for: Any = None,
    lifetime_minutes: float | None = None,
    minimize: Any = None,
) -> tuple[str, int]:
    """Write a task as an Ansible project that goes without stix; where it would run, and on how many nodes.

    Args:
        folder: new or empty.
        cluster_name: what the cluster is called; the folder's name if not said.

    Raises:
        UsageError: `usage`, the folder is not empty; `task.invalid`.
        ProvisionError: no place serves.
    """
    from stix.api.admin_policy import apply
    from stix.api.plans import checked_name, launch_options, target_word
    from stix.api.task import model_of
    from stix.driver.eject import eject as write
    from stix.driver.session import World

    options = launch_options(
        idle_minutes_to_autostop, down, wait_for, lifetime_minutes, no_setup, minimize=target_word(minimize)
    )
    world, name = World(), checked_name(cluster_name or folder.absolute().name)
    cluster = write(world, apply(world, model_of(task), name, options)[0], name, options, folder)
    return cluster.infra, cluster.num_nodes


def export_awx(
    tasks: Sequence[str | os.PathLike[str]],
    folder: Path,
    *,
    organization: str = "Default",
    git_url: str = "",
    git_ref: str = "",
    image: str = "localhost/stix-ee:latest",
    credentials: Sequence[str] = (),
    state: str = "",
    secrets: Mapping[str, str] | None = None,
    minimize: Any = None,
) -> dict[str, list[dict[str, Any]]]:
    """Write task files as a project of AWX, and its objects in the lists of infra.controller_configuration.

    Args:
        folder: new or empty.
        organization, git_url, git_ref, image, credentials, state: as of `stix.inventory.awx.Site`.
        secrets: of the tasks; only their names are written.

    Returns:
        the lists.

    Raises:
        UsageError: `usage`, the folder is not empty, two tasks have one name, or an address holds a password;
            `task.invalid`.
        ProvisionError: no place serves.
    """
    from stix.api.admin_policy import apply
    from stix.api.plans import checked_name, launch_options, target_word
    from stix.driver.export import export_awx as write
    from stix.driver.session import World
    from stix.inventory.awx import Site
    from stix.model.task import GitSource
    from stix.spec.load import load_file
    from stix.spec.overrides import Overrides

    named: dict[str, Any] = {}
    for file in tasks:
        name = checked_name(Path(file).stem.lower().replace("_", "-"))
        if name in named:
            raise UsageError("usage", f"two tasks would be called {name!r}", hint="rename one of the files")
        named[name] = load_file(file, overrides=Overrides(secrets=dict(secrets or {})))
    if any(each.startswith("-") for each in (git_url, git_ref)):
        raise UsageError("usage", "a repository's address begins with no dash")
    if GitSource(git_url).password:
        raise UsageError("usage", "the repository's address holds a password", hint="give AWX a credential for it")
    site = Site(organization, git_url, git_ref, image, tuple(credentials), state)
    options = launch_options(None, False, None, None, minimize=target_word(minimize))
    world = World()
    named = {name: apply(world, task, name, options)[0] for name, task in named.items()}
    return write(world, named, site, options, folder)


def bundle(file: Path, *, wheels: Path | None = None, with_wheels: bool = True) -> dict[str, Any]:
    """Pack agent, collection, wheels and catalog into one archive, for sites without a way out.

    Args:
        wheels: folder of wheels to take; None: those of the installed versions are fetched by pip.

    Returns:
        `{stix, files: {path in the archive: sha256}}`.

    Raises:
        StixError: `runner.missing_content`, `usage`.
    """
    from stix import __version__
    from stix.driver.bundle import pack

    return pack(file, __version__, wheels, Home().ensure(), with_wheels=with_wheels)
