"""Lines of /etc/fstab that are not ours stay byte for byte, whatever their encoding and the locale's."""

from pathlib import Path

import pytest
from ansible_collections.stix.core.plugins.module_utils.node_fstab import Fstab, lines_of

THEIRS = (
    "UUID=1 / ext4 defaults 0 1\n/dev/b /mnt/a\N{NO-BREAK SPACE}b ext4 defaults 0 2 # caf\N{LINE SEPARATOR}é\n".encode()
)


@pytest.mark.parametrize("theirs", [THEIRS, THEIRS + b"# latin: \xe9 \x0c\r\n", b"", THEIRS.rstrip(b"\n")])
def test_lines_of_others_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: bytes) -> None:
    file, loads = tmp_path / "fstab", []
    file.write_bytes(theirs)
    fstab = Fstab(str(file), False, lambda: loads.append(True))
    lines = lines_of("/dev/disk/by-id/x", "/mnt/whole", False, "/mnt/dät a", "/mnt/whole/x", False)
    assert fstab.have(lines) and not fstab.have(lines)
    assert file.read_bytes().startswith(theirs) and file.read_bytes().count(b"x-stix-volume") == 2
    assert fstab.drop(lines) and not fstab.drop(lines)
    assert file.read_bytes().rstrip(b"\n") == theirs.rstrip(b"\n") and len(loads) == 2
