"""How the user's own Ansible content is run on clusters: the inventory, the environment.

Their `ansible.cfg` and `ANSIBLE_*` variables hold; what stix needs beside them is added, nothing of theirs replaced.
"""

import configparser
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from stix.runner import content

PLUGIN = "stix.core.clusters"


def write_source(folder: Path, stix_home: Path, clusters: Iterable[str]) -> Path:
    """An inventory that asks the plugin `stix.core.clusters` for these clusters; the file's path."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    source = folder / "stix.yml"
    text = {"plugin": PLUGIN, "home": str(stix_home), "clusters": [_literal(name) for name in clusters]}
    source.write_text(f"# Any Ansible tool reads it: ansible -i {source} all -m ping\n{json.dumps(text)}\n")
    return source


def _literal(name: str) -> str:
    import glob

    return glob.escape(name)


def own_settings(environ: Mapping[str, str], ssh: tuple[str, str]) -> dict[str, str]:
    """The user's environment, with what stix needs where their settings do not have it.

    Args:
        ssh: `rundir.ssh_settings`: used unless the user has settings for ssh.
    """
    from ansible.config.manager import ConfigManager

    manager = ConfigManager()
    paths = [str(content.collections_path()), *manager.get_config_value("COLLECTIONS_PATHS")]
    added = {"ANSIBLE_COLLECTIONS_PATH": ":".join(dict.fromkeys(paths))}
    enabled = manager.get_config_value("INVENTORY_ENABLED")
    if not {"auto", "ansible.builtin.auto", PLUGIN} & set(enabled):
        added["ANSIBLE_INVENTORY_ENABLED"] = ",".join([PLUGIN, *enabled])
    file = configparser.RawConfigParser(strict=False)
    file.read(manager._config_file or [])  # its own parser reads [defaults] and so on, but not those of plugins
    default = {name: value for name, value in _ssh(ssh).items() if not file.has_option("ssh_connection", _OPTION[name])}
    return {**default, **environ, **added}


def isolated(environ: Mapping[str, str], ssh: tuple[str, str], folder: Path) -> dict[str, str]:
    """The user's environment without any settings of Ansible: its own defaults hold, and what stix needs.

    Args:
        folder: where an empty settings file is put.
    """
    empty = folder / "empty.cfg"
    empty.write_text("")
    kept = {name: value for name, value in environ.items() if not name.startswith("ANSIBLE_")}
    return kept | {
        "ANSIBLE_CONFIG": str(empty),
        "ANSIBLE_COLLECTIONS_PATH": content.collection_paths(),
        **_ssh(ssh),
    }


_OPTION = {"ANSIBLE_SSH_ARGS": "ssh_args", "ANSIBLE_SSH_CONTROL_PATH": "control_path"}
"""Variables and what they are called in `[ssh_connection]`."""


def _ssh(settings: tuple[str, str]) -> dict[str, str]:
    arguments, control = settings
    return dict(zip(_OPTION, (arguments, control.replace("%", "%%")), strict=True))  # it is a format to Ansible
