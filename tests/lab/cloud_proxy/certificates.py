"""A certificate authority of a lab's own, and one certificate for all hosts that the lab is."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes".split()
AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]


def make(folder: Path, hosts: Iterable[str]) -> tuple[Path, Path]:
    """Certificate and key for `hosts` (a leading dot: all directly below) in `folder`; `ca.crt` vouches for them."""
    names = ",".join(f"DNS:*{host}" if host.startswith(".") else f"DNS:{host}" for host in sorted(hosts))
    extensions = [word for each in AUTHORITY for word in ("-addext", each)]
    authority = ["-subj", "/CN=stix test lab", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt", *extensions]
    _openssl(folder, "req", "-x509", *KEY, *authority)
    _openssl(folder, "req", *KEY, "-subj", "/CN=stix test cloud", "-keyout", "hosts.key", "-out", "hosts.csr")
    (folder / "extensions").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    signing = "-CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile extensions".split()
    _openssl(folder, "x509", "-req", "-in", "hosts.csr", "-out", "hosts.crt", *signing)
    (folder / "ca.key").unlink()
    return folder / "hosts.crt", folder / "hosts.key"


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
