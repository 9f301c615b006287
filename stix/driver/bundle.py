"""The set-up bundle: all that stix is made of in one archive, for sites without a way out."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from stix.catalog.snapshot import snapshot
from stix.errors import StixError, UsageError
from stix.runner import collection_copy, content
from stix.state.home import Home

EXTRA = re.compile(r"extra == ['\"](aws|azure|docker|gcp|kubernetes)['\"]")
"""What clouds need goes along where it is installed here."""

NAME = re.compile(r"[A-Za-z0-9._-]+")
MANIFEST = "manifest.json"
README = """\
stix {version} for a machine without a way out. `sha256sum -c sha256sums` checks what is here.

The command, which brings the agent to nodes by itself:
  pip install --no-index --find-links wheels stix-cloud
Ansible alone, without stix:
  ANSIBLE_COLLECTIONS_PATH=$PWD/collections ansible-playbook -i INVENTORY stix.core.setup

agent/skylet.pyz is the one file that nodes get, catalog/catalog.sqlite the offers and prices of clouds.
"""


def pack(target: Path, version: str, wheels: Path | None, home: Home, *, with_wheels: bool = True) -> dict[str, Any]:
    """Write the bundle.

    Args:
        target: the archive, `.tar.gz`.
        version: of stix.
        wheels: folder of wheels to take; None: those of the installed versions are fetched by pip.

    Returns:
        the manifest: `{stix, files: {path: sha256}}`.

    Raises:
        StixError: `runner.missing_content`, wheels are not to be had.
        UsageError: `usage`, the archive cannot be written.
    """
    if not target.absolute().parent.is_dir():
        raise UsageError("usage", f"there is no folder {target.absolute().parent}")
    with tempfile.TemporaryDirectory(prefix="stix-bundle-") as folder:
        root = Path(folder, f"stix-{version}")
        core = collection_copy.copy(root / "collections")
        (root / "agent").mkdir()
        shutil.copy(core / collection_copy.ARCHIVE, root / "agent" / "skylet.pyz")
        (root / "catalog").mkdir()
        shutil.copy(snapshot(home.root), root / "catalog" / "catalog.sqlite")
        if with_wheels:
            (root / "wheels").mkdir()
            _take(wheels, root / "wheels") if wheels else _fetch(root / "wheels", version)
        (root / "README").write_text(README.format(version=version), encoding="utf-8")
        manifest = _describe(root, version)
        draft = target.absolute().with_suffix(f".{os.getpid()}")
        try:
            with (
                open(draft, "wb") as raw,
                gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w") as archive,
            ):
                archive.add(root, root.name, filter=_nobodys)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    return manifest


def _describe(root: Path, version: str) -> dict[str, Any]:
    files = {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
    manifest = {"stix": version, "files": files}
    (root / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    lines = (f"{digest}  {name}\n" for name, digest in files.items())
    (root / "sha256sums").write_text("".join(lines), encoding="utf-8")
    return manifest


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same bytes whoever packs them, and when."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def _take(source: Path, target: Path) -> None:
    found = sorted(source.glob("*.whl"))
    if not any(file.name.startswith("stix_cloud-") for file in found):
        raise UsageError(
            "usage", f"{source} holds no wheel of stix-cloud", hint="'make wheel' or 'pip wheel' makes one"
        )
    for file in found:
        shutil.copy(file, target)


def _fetch(target: Path, version: str) -> None:
    """By pip: the versions that are installed here; ours from the checkout where there is one."""
    checkout = content.PACKAGE.parent
    ours = [str(checkout)] if (checkout / "pyproject.toml").is_file() else [f"stix-cloud=={version}"]
    needed = [f"{each.metadata['Name']}=={each.version}" for each in _installed("stix-cloud")]
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(target), *ours, *needed]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "it gave no reason").splitlines()[-1]
        hint = "--wheels FOLDER takes wheels that are here, --no-wheels leaves them out"
        raise StixError("runner.missing_content", f"the wheels cannot be fetched: {last}", hint=hint)


def _installed(name: str) -> list[Distribution]:
    """What a distribution needs, and all that these need, without extras."""
    found: dict[str, Distribution] = {}
    queue = _requires(name)
    while queue:
        wanted = queue.pop()
        try:
            if wanted not in found:
                found[wanted] = distribution(wanted)
                queue += _requires(wanted)
        except PackageNotFoundError:
            continue  # for another system or Python
    return [found[each] for each in sorted(found)]


def _requires(name: str) -> list[str]:
    lines = distribution(name).requires or []
    return [NAME.match(line)[0] for line in lines if "extra ==" not in line or EXTRA.search(line)]  # type: ignore[index]
