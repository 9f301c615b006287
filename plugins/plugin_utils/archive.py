"""The agent's archive: from the checkout if this is one (never stale), else the one built into the collection."""

import hashlib
from pathlib import Path

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.once import folder, once

_ROOT = Path(__file__).resolve().parents[2]


def archive() -> tuple[Path, str]:
    """Where the agent's zipapp lies on the controller, and its sha256; made once per play.

    Raises:
        Failure: `runner.missing_content`, when there is neither a checkout nor a built archive.
    """
    path, digest = once("skylet-archive", _prepare)
    return Path(path), digest


def _prepare() -> tuple[str, str]:
    path = _ROOT / "roles" / "skylet" / "files" / "skylet.pyz"
    source = _ROOT / "stix" / "skylet"
    if (source / "__main__.py").is_file():
        from ansible_collections.stix.core.plugins.module_utils.agent_archive import build

        path = folder() / "skylet.pyz"
        path.write_bytes(build(str(source)))
    elif not path.is_file():
        raise Failure(
            "runner.missing_content",
            "The agent's archive is missing from the collection stix.core",
            "Install the collection from its tarball or the stix package again.",
            {"expected": str(path)},
        )
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest()
