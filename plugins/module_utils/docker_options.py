"""`docker run` options -> what the engine's API calls them."""

import re
import shlex

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def parse(options):
    """The container's settings, `{"HostConfig": {...}, ...}`, from words of a `docker run` line.

    Args:
        options: a string or a list of strings, as in `config.docker.run_options`.

    Raises:
        Failure: `provision.config`, for an option that is not known or a value that makes no sense.
    """
    text = options if isinstance(options, str) else " ".join(options or [])
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Failure(
            "provision.config", "docker.run_options cannot be read: %s" % error, "Check the quotes."
        ) from error
    settings = {"HostConfig": {}}
    while words:
        name, equals, value = words.pop(0).partition("=")
        if name in FLAGS:
            _apply(settings, *FLAGS[name], value=(value != "false"))
            continue
        if name not in VALUES:
            raise Failure(
                "provision.config",
                "docker.run_options knows no option '%s'" % name,
                "Known are: %s." % ", ".join(sorted([*FLAGS, *VALUES])),
                {"option": name},
            )
        if not equals:
            if not words:
                raise Failure("provision.config", "docker.run_options: '%s' needs a value" % name, "")
            value = words.pop(0)
        key, many, read = VALUES[name]
        _apply(settings, key, many, value=_read(name, read, value))
    return settings


def _apply(settings, key, many, value):
    section, _, last = key.rpartition(".")
    target = settings[section] if section else settings
    if many:
        target.setdefault(last, []).append(value)
    else:
        target[last] = value


def _read(name, read, value):
    try:
        return read(value)
    except ValueError as error:
        raise Failure(
            "provision.config", "docker.run_options: '%s %s' makes no sense (%s)" % (name, value, error), ""
        ) from error


def _size(value):
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", value.lower())
    if not found:
        raise ValueError("a size is a number and a unit, like 2g")
    return int(float(found.group(1)) * UNITS[found.group(2)])


def _ulimit(value):
    name, _, limits = value.partition("=")
    soft, _, hard = limits.partition(":")
    return {"Name": name, "Soft": int(soft), "Hard": int(hard or soft)}


def _env(value):
    if "=" not in value:
        raise ValueError("give NAME=VALUE")
    return value


def _device(value):
    host, _, rest = value.partition(":")
    inside, _, rights = rest.partition(":")
    return {"PathOnHost": host, "PathInContainer": inside or host, "CgroupPermissions": rights or "rwm"}


def gpus(value):
    """The engine's device request for `--gpus`: `all`, a count, or `device=0,1`."""
    request = {"Driver": "", "Count": 0, "DeviceIDs": [], "Capabilities": [["gpu"]], "Options": {}}
    value = value.strip("\"'")
    if value == "all":
        request["Count"] = -1
    elif value.startswith("device="):
        request["DeviceIDs"] = value[len("device=") :].split(",")
    else:
        request["Count"] = int(value)
    return request


_VOLUME = ("HostConfig.Binds", True, str)
_NETWORK = ("HostConfig.NetworkMode", False, str)
_ENV = ("Env", True, _env)
_USER = ("User", False, str)

FLAGS = {"--privileged": ("HostConfig.Privileged", False)}
"""Options without a value: where they go."""

VALUES = {
    "-v": _VOLUME,
    "--volume": _VOLUME,
    "--shm-size": ("HostConfig.ShmSize", False, _size),
    "--network": _NETWORK,
    "--net": _NETWORK,
    "--ipc": ("HostConfig.IpcMode", False, str),
    "--pid": ("HostConfig.PidMode", False, str),
    "--runtime": ("HostConfig.Runtime", False, str),
    "--cap-add": ("HostConfig.CapAdd", True, str),
    "--cap-drop": ("HostConfig.CapDrop", True, str),
    "--security-opt": ("HostConfig.SecurityOpt", True, str),
    "--ulimit": ("HostConfig.Ulimits", True, _ulimit),
    "--device": ("HostConfig.Devices", True, _device),
    "--gpus": ("HostConfig.DeviceRequests", True, gpus),
    "--add-host": ("HostConfig.ExtraHosts", True, str),
    "-e": _ENV,
    "--env": _ENV,
    "-u": _USER,
    "--user": _USER,
}
"""Options with a value: where it goes, whether there may be several, how it is read."""
