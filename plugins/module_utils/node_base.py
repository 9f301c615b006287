"""What every node has: the tools that stix and jobs use, and limits that training needs. Pure."""

from ansible_collections.stix.core.plugins.module_utils.node_system import system_of

PACKAGES = {
    "deb": ("ca-certificates", "curl", "git", "procps", "rsync", "tar", "gzip", "openssh-client"),
    "rpm": ("ca-certificates", "git-core", "procps-ng", "rsync", "tar", "gzip", "openssh-clients"),
}
"""Not `curl` on RHEL's relatives: minimal images have `curl-minimal`, which conflicts with it and does as well."""

LIMITS = """# Written by stix.core.node_base.
* soft nofile 1048576
* hard nofile 1048576
* soft memlock unlimited
* hard memlock unlimited
"""
SYSCTL = """# Written by stix.core.node_base.
fs.inotify.max_user_watches = 1048576
fs.inotify.max_user_instances = 8192
"""


def wanted_packages(facts, wish):
    """Packages whose state has to be known."""
    return list(PACKAGES[system_of(facts).family]) + list(wish.get("packages") or [])


def plan(facts, wish):
    """Steps that make a node so.

    Args:
        facts: `os_release, arch, installed (names), files {path: text}`.
        wish: `packages` more, `limits` (whether to set them).
    """
    lacking = [name for name in wanted_packages(facts, wish) if name not in facts["installed"]]
    steps = [{"do": "packages", "names": lacking}] if lacking else []
    if wish.get("limits", True):
        steps += file_step(facts, "/etc/security/limits.d/90-stix.conf", LIMITS)
        changed = file_step(facts, "/etc/sysctl.d/90-stix.conf", SYSCTL)
        if changed:
            # In a container the kernel's settings are the host's.
            steps += [*changed, {"do": "try", "words": ["sysctl", "-q", "-p", "/etc/sysctl.d/90-stix.conf"]}]
    return steps


def file_step(facts, path, text, mode=0o644):
    """The step that writes a file, none where it says that already."""
    return [] if facts["files"].get(path) == text else [{"do": "file", "path": path, "text": text, "mode": mode}]


FILES = ("/etc/security/limits.d/90-stix.conf", "/etc/sysctl.d/90-stix.conf")
