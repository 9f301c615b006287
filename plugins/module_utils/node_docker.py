"""The Docker engine on a node, and the registries it is logged in to. Pure."""

import base64
import json

from ansible_collections.stix.core.plugins.module_utils.node_base import file_step
from ansible_collections.stix.core.plugins.module_utils.node_system import system_of

KEY = "/etc/apt/keyrings/stix-docker.asc"
SOURCE = "/etc/apt/sources.list.d/stix-docker.list"
REPO = "/etc/yum.repos.d/stix-docker.repo"
FILES = (SOURCE, REPO)
PROGRAMS = ("dockerd", "docker")
ENGINE = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin")
DISTRIBUTION = {"deb": ("docker.io",), "rpm": ("docker",)}
CLIENT = {("debian", "13"): ("docker-cli",)}
"""Systems whose package of the engine only recommends the one with the command, and what that is called."""

RHEL_LIKE = {"rhel": "rhel", "rocky": "centos", "almalinux": "centos"}


def plan(facts, wish):
    """Steps that make a node so.

    Args:
        facts: `os_release, arch, installed, files, commands {name: path}, docker` (version that the engine answers,
            ""), `systemd, groups {name: members}, docker_config` (text of the user's config.json).
        wish: `mirror, source (docker or distribution), version, user, registries, config_path`.
    """
    steps = [] if facts["docker"] else _engine(facts, wish)
    user, members = wish.get("user"), facts["groups"].get("docker", [])
    if user and user != "root" and user not in members:
        steps.append({"do": "command", "words": ["usermod", "-aG", "docker", user]})
    return steps + _logins(facts, wish)


def _engine(facts, wish):
    steps = []
    lacking = [name for name in PROGRAMS if name not in facts["commands"]]
    if "dockerd" in lacking or (lacking and wish.get("source") == "distribution"):
        system = system_of(facts)
        # Amazon Linux has a package of its own; Docker has none for it.
        own = wish.get("source") == "distribution" and system.name not in RHEL_LIKE or system.name == "amzn"
        if own:
            names = DISTRIBUTION[system.family] + CLIENT.get((system.name, system.version), ())
            steps.append({"do": "packages", "names": list(names)})
        else:
            steps += [*_repository(facts, wish, system), {"do": "packages", "names": _versions(system, wish)}]
    if facts["systemd"]:
        steps.append({"do": "service", "name": "docker"})
    return steps


def _repository(facts, wish, system):
    mirror = wish["mirror"].rstrip("/")
    if system.family == "deb":
        base = "%s/linux/%s" % (mirror, system.name)
        line = "deb [arch=%s signed-by=%s] %s %s stable\n" % (system.deb_arch, KEY, base, system.release)
        return [{"do": "download", "url": base + "/gpg", "path": KEY}, *file_step(facts, SOURCE, line)]
    base = "%s/linux/%s" % (mirror, RHEL_LIKE[system.name])
    text = "[stix-docker]\nname=Docker\nbaseurl=%s/%s/$basearch/stable\nenabled=1\ngpgcheck=1\ngpgkey=%s/gpg\n"
    return file_step(facts, REPO, text % (base, system.version, base))


def _versions(system, wish):
    """Packages with the pinned version: `28` or `28.1`."""
    version = wish.get("version")
    if not version:
        return list(ENGINE)
    form = "%s=5:%s.*" if system.family == "deb" else "%s-%s.*"
    return [form % (name, version) if name in ENGINE[:2] else name for name in ENGINE]


def _logins(facts, wish):
    """The step that writes the logins into the user's config.json; what else it holds stays."""
    registries = wish.get("registries") or []
    if not registries:
        return []
    try:
        config = json.loads(facts["docker_config"] or "{}")
    except ValueError:
        config = {}
    auths = dict(config.get("auths") or {})
    for each in registries:
        pair = "%s:%s" % (each["username"], each["password"])
        auths[each["server"]] = {"auth": base64.b64encode(pair.encode()).decode()}
    if auths == config.get("auths"):
        return []
    text = json.dumps(dict(config, auths=auths), indent=1) + "\n"
    step = {"do": "file", "path": wish["config_path"], "text": text, "mode": 0o600, "secret": True}
    return [dict(step, owner=wish.get("user") or "")]
