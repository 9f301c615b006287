"""Keys and certificates of a Kubernetes, and the kubeconfig files that log in with them."""

import base64
import json
import subprocess
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Identities:
    """An authority in a folder, and who it vouches for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        _openssl(
            "req", "-x509", *KEY, "-days", "30", "-subj", "/CN=lab", "-keyout", self("ca.key"), "-out", self("ca.crt")
        )
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self("accounts.key"))
        _openssl("ec", "-in", self("accounts.key"), "-pubout", "-out", self("accounts.pub"))

    def __call__(self, name: str) -> str:
        """Path of a file of the folder."""
        return str(self.folder / name)

    def issue(self, name: str, subject: str, *addresses: str) -> None:
        """Make `<name>.key` and `<name>.crt`; addresses as in `IP:127.0.0.1`, `DNS:localhost`."""
        extensions = self.folder / f"{name}.ext"
        names = f"subjectAltName={','.join(addresses)}\n" if addresses else ""
        extensions.write_text(f"extendedKeyUsage=clientAuth,serverAuth\n{names}")
        _openssl("req", *KEY, "-keyout", self(f"{name}.key"), "-subj", subject, "-out", self(f"{name}.csr"))
        authority = ["-CA", self("ca.crt"), "-CAkey", self("ca.key"), "-CAcreateserial"]
        signed = ["-in", self(f"{name}.csr"), "-out", self(f"{name}.crt"), "-days", "30", "-extfile", str(extensions)]
        _openssl("x509", "-req", *authority, *signed)

    def user(self, name: str) -> dict[str, str]:
        """What a kubeconfig says of somebody with a certificate."""
        return {
            "client-certificate-data": _encoded(self.folder / f"{name}.crt"),
            "client-key-data": _encoded(self.folder / f"{name}.key"),
        }

    def kubeconfig(self, path: Path, server: str, user: dict[str, str], contexts: dict[str, str]) -> Path:
        """Write a kubeconfig; `contexts`: name -> namespace, the first one is the current."""
        cluster = {"server": server, "certificate-authority-data": _encoded(self.folder / "ca.crt")}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "lab", "user": user}],
            "contexts": [
                {"name": name, "context": {"cluster": "lab", "user": "lab", "namespace": namespace}}
                for name, namespace in contexts.items()
            ],
            "current-context": next(iter(contexts)),
        }
        path.write_text(json.dumps(config))
        return path


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
