"""The user's own machines: `ssh_node_pools.yaml` in SkyPilot's format, or any Ansible inventory."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stix.errors import UsageError
from stix.model.connection import PASSWORD_EXPRESSION
from stix.nodes.connection import user_ssh_options

POOL_KEYS = ("hosts", "user", "port", "identity_file", "password", "proxy_jump", "proxy_command")
HOST_KEYS = ("ip", "name", "user", "port", "identity_file", "password", "proxy_jump", "proxy_command")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class PoolHost:
    """A machine of a pool; its password stays in the file.

    Attributes:
        name: unique in the pool; the address where the file gives no name.
        address: an IP address or a name, one of `~/.ssh/config` too.
        user, port, identity_file: empty (0): what ssh's own configuration says.
        has_password: whether the file has a password for it.
        source: the file that describes it.
        proxy_jump: jump hosts `[user@]host[:port]`, separated by commas.
        proxy_command: a command that connects instead.
        variables: host variables of an Ansible inventory, without passwords.
    """

    name: str
    address: str
    user: str = ""
    port: int = 0
    identity_file: str = ""
    has_password: bool = False
    source: str = ""
    proxy_jump: str = ""
    proxy_command: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pool:
    """Machines that `infra: ssh/<name>` may use."""

    name: str
    hosts: tuple[PoolHost, ...]


def read_pools(file: Path) -> dict[str, Pool]:
    """The pools of a file; none when there is no file. Errors as `load_pools`."""
    try:
        text = file.read_text()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError("config.invalid", f"{file} cannot be read: {error.strerror}") from None
    return load_pools(text, file=str(file))


def load_pools(text: str, *, file: str, is_alias: Callable[[str], bool] | None = None) -> dict[str, Pool]:
    """Pools by name.

    A host that `~/.ssh/config` has an entry for takes user and identity file from there, unless it names its own here.

    Args:
        text: YAML in SkyPilot's format.
        file: where it is from, for messages and for finding passwords.
        is_alias: says whether ssh's configuration has an entry for a name; default: asks ssh.

    Raises:
        UsageError: config.invalid, with file and key.
    """
    document = _parse(text, file)
    return {name: _pool(name, body, file, is_alias or in_ssh_config) for name, body in document.items()}


def host_vars(pool: Pool, host: PoolHost) -> dict[str, Any]:
    """Ansible's connection variables for a host; `ansible_password` is an expression, never the password."""
    if host.variables:
        return dict(host.variables)
    variables: dict[str, Any] = {"ansible_connection": "ssh", "ansible_host": host.address}
    variables |= {"ansible_user": host.user} if host.user else {}
    variables |= {"ansible_port": host.port} if host.port else {}
    variables |= {"ansible_ssh_private_key_file": host.identity_file} if host.identity_file else {}
    proxy = host.proxy_command or (_jump_command(host.proxy_jump) if host.proxy_jump else "")
    if proxy:
        import shlex

        variables["ansible_ssh_common_args"] = shlex.join(["-o", f"ProxyCommand={proxy}"])
    if host.has_password:
        variables |= {"stix_pool_file": host.source, "stix_pool": pool.name, "stix_pool_host": host.name}
        variables["ansible_password"] = PASSWORD_EXPRESSION
    return variables


def password_of(text: str, pool: str, host: str) -> str:
    """The password of a host, from the text of the pools file.

    Raises:
        UsageError: config.invalid, when there is none.
    """
    body = _parse(text, "").get(pool)
    body = body if isinstance(body, dict) else {}
    for entry in body.get("hosts") or []:
        entry = entry if isinstance(entry, dict) else {"ip": entry}
        if str(entry.get("name") or entry.get("ip")) == host and (
            password := entry.get("password", body.get("password"))
        ):
            return str(password)
    raise UsageError("config.invalid", f"Host {host!r} of pool {pool!r} has no password in the file of pools")


def in_ssh_config(name: str) -> bool:
    """Whether an entry of the user's ssh configuration, other than `Host *`, matches a name."""
    import subprocess

    shown = subprocess.run(
        ["ssh", *user_ssh_options(), "-vvG", "--", name],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    matched = re.findall(r"^debug\d+: .*Applying options for (.+)$", shown.stderr, re.MULTILINE)
    return any(pattern.strip() != "*" for pattern in matched)


def _parse(text: str, file: str) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else file
        raise UsageError(
            "config.invalid", f"{place} is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}"
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UsageError("config.invalid", f"{file} must be a map from pool names to pools, not {_kind(document)}")
    return {str(name): body for name, body in document.items()}


def _pool(name: str, body: Any, file: str, is_alias: Callable[[str], bool]) -> Pool:
    where = f"{file}: {name}"
    if not _NAME.fullmatch(name):
        raise UsageError("config.invalid", f"{where}: a pool's name is made of letters, digits, '.', '_' and '-'")
    _check_keys(body, POOL_KEYS, where)
    entries = body.get("hosts")
    if not isinstance(entries, list) or not entries:
        raise UsageError(
            "config.invalid", f"{where}.hosts must be a list of at least one host", hint="hosts: [10.0.0.1, 10.0.0.2]"
        )
    hosts = [_host(body, entry, f"{where}.hosts[{index}]", file, is_alias) for index, entry in enumerate(entries)]
    seen: set[str] = set()
    for index, host in enumerate(hosts):
        if host.name in seen:
            raise UsageError(
                "config.invalid",
                f"{where}.hosts[{index}] is a second host {host.name!r}",
                hint="Give one of them a `name`.",
            )
        seen.add(host.name)
    return Pool(name, tuple(hosts))


def _host(pool: Mapping[str, Any], entry: Any, where: str, file: str, is_alias: Callable[[str], bool]) -> PoolHost:
    own = {"ip": entry} if isinstance(entry, str) else entry
    _check_keys(own, HOST_KEYS, where)
    address = _string(own, "ip", where)
    if not address or address.startswith("-") or any(char.isspace() for char in address):
        raise UsageError(
            "config.invalid", f"{where} needs `ip`, an address or a name that ssh knows", hint="- ip: 10.0.0.1"
        )
    merged = {key: value for key, value in pool.items() if key != "hosts"} | dict(own)
    if (
        any(key in pool and key not in own for key in ("user", "identity_file"))
        and not _is_ip(address)
        and is_alias(address)
    ):
        merged = {key: value for key, value in merged.items() if key in own or key not in ("user", "identity_file")}
    return PoolHost(
        name=_string(own, "name", where) or address,
        address=address,
        user=_string(merged, "user", where),
        port=_port(merged, where),
        identity_file=_identity(merged, where),
        has_password=bool(merged.get("password")),
        source=file,
        proxy_jump=_string(merged, "proxy_jump", where),
        proxy_command=_string(merged, "proxy_command", where),
    )


def _check_keys(body: Any, known: tuple[str, ...], where: str) -> None:
    if not isinstance(body, dict):
        raise UsageError("config.invalid", f"{where} must be a map with the keys {', '.join(known)}, not {_kind(body)}")
    for key in body:
        if key not in known:
            import difflib

            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."
            raise UsageError("config.invalid", f"{where} has an unknown key {str(key)!r}", hint=hint)


def _string(body: Mapping[str, Any], key: str, where: str) -> str:
    value = body.get(key)
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        raise UsageError("config.invalid", f"{where}.{key} must be a string, not {_kind(value)}")
    return str(value)


def _port(body: Mapping[str, Any], where: str) -> int:
    value = body.get("port", 0) or 0
    if isinstance(value, bool) or not str(value).isdigit() or not 0 <= int(value) <= 65535:
        raise UsageError("config.invalid", f"{where}.port must be a number from 1 to 65535, not {value!r}")
    return int(value)


def _identity(body: Mapping[str, Any], where: str) -> str:
    path = os.path.expanduser(_string(body, "identity_file", where))
    if path and not os.path.isfile(path):
        raise UsageError("config.invalid", f"{where}.identity_file names a file that is not there: {path}")
    return path


def _jump_command(jumps: str) -> str:
    """A ProxyCommand through jump hosts: ssh's own ProxyJump would not hand our options on to the jump host."""
    import shlex

    *first, last = [jump.strip() for jump in jumps.split(",")]
    words = [
        "ssh",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=accept-new",
        "-o",
        "ConnectTimeout=15",
        *user_ssh_options(),
    ]
    words += ["-J", ",".join(first)] if first else []
    return shlex.join(words).replace("%", "%%") + " -W [%h]:%p " + shlex.quote(f"ssh://{last}".replace("%", "%%"))


def _is_ip(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _kind(value: Any) -> str:
    return {"list": "a list", "dict": "a map", "str": "a string", "NoneType": "empty"}.get(
        type(value).__name__, repr(value)
    )
