"""The agent's archive, from its sources: the same bytes on every machine (fixed times, sorted names, nothing
compressed)."""

import hashlib
import io
import os
import zipfile

MAIN = """\
import os, sys
HASH = "{hash}"
sys.dont_write_bytecode = False
home = sys.argv[2] if sys.argv[1:2] == ["--home"] and len(sys.argv) > 2 else "~/.stix/agent"
library = os.path.join(os.path.expanduser(home), "lib", HASH)
if os.path.isdir(library):
    sys.path.insert(0, library)
from skylet.cli import main
main()
"""
"""Prefers what `install` unpacked (its bytecode is cached) over the archive itself."""


def build(source):
    """The archive's bytes.

    Args:
        source: the folder `stix/skylet`, or an archive that was built from it before, which is returned as it is.
    """
    if os.path.isfile(source):
        with open(source, "rb") as file:
            return file.read()
    members = dict(_sources(source))
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + data + b"\0" for name, data in sorted(members.items())))
    members["__main__.py"] = MAIN.format(hash=digest.hexdigest()[:16]).encode()
    return _pack(members)


def _sources(folder):
    """`(name in the archive, bytes)` of every Python file below `folder`."""
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            if name.endswith(".py"):
                full = os.path.join(path, name)
                relative = os.path.relpath(full, folder).replace(os.sep, "/")
                with open(full, "rb") as file:
                    yield "skylet/" + relative, file.read()


def _pack(members):
    buffer = io.BytesIO()
    # Stored, not deflated: compressed bytes differ between versions of zlib.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, members[name])
    return buffer.getvalue()
