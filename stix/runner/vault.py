"""What Ansible vault files hold; in a process of its own, as Ansible takes half a second to import.

`python -m stix.runner.vault`: one JSON object in on standard input, `{files, password_file}` or `{files, password}`;
one out, `{file: {name: text or map}}`, or `{error, file}`.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stix.errors import UsageError
from stix.runner import content

PASSWORD_SECONDS = 300.0


def read_vaults(
    files: Sequence[str], password_file: str | None, password_command: Sequence[str], environ: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """The secrets in vault files: whole files, or YAML with values that are vaults; file -> `{name: text or map}`.

    Args:
        password_file: holds the password, or is a program that prints it, as for Ansible.
        password_command: words of a program that prints it; before `password_file`.

    Raises:
        UsageError: `config.invalid`, a file or the password is not to be had, or they do not fit.
    """
    request: dict[str, Any] = {"files": list(files), "password_file": password_file}
    if password_command:
        request["password"] = _output(password_command, environ)
    done = subprocess.run(
        [sys.executable, "-m", "stix.runner.vault"],
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        text=True,
        env={**environ, "PYTHONPATH": str(content.PACKAGE.parent)},
        check=False,
    )
    answer = json.loads(done.stdout) if done.returncode == 0 else {"error": "Ansible's vault failed"}
    if "error" in answer:
        raise UsageError("config.invalid", answer["error"], hint="'ansible-vault view FILE' tries it by hand")
    return dict(answer)


def _output(words: Sequence[str], environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=dict(environ),
            timeout=PASSWORD_SECONDS, check=True, text=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        raise UsageError("config.invalid", f"'{words[0]}' does not give the password of the vault files") from None
    return done.stdout.strip("\r\n")


def _read(request: Mapping[str, Any]) -> dict[str, Any]:
    from ansible.parsing.dataloader import DataLoader
    from ansible.parsing.vault import VaultLib, VaultSecret, get_file_vault_secret

    if "password" in request:
        secret = VaultSecret(request["password"].encode())
    elif request.get("password_file"):
        try:
            secret = get_file_vault_secret(filename=request["password_file"], loader=DataLoader())
            secret.load()
        except Exception:
            return {"error": f"the vault password file '{request['password_file']}' cannot be read"}
    else:
        return {"error": "the vault files have no password: set vault_password_file or vault_password_command"}
    vault = VaultLib([("default", secret)])
    found: dict[str, Any] = {}
    for file in request["files"]:
        try:
            text = Path(file).read_bytes()
        except OSError as error:
            return {"error": f"vault file '{file}' cannot be read: {error.strerror}"}
        try:
            data = _opened(text, vault)
            found[file] = _plain(data) if isinstance(data, Mapping) else None
        except Exception:  # its words may quote what is in the file
            return {"error": f"vault file '{file}' cannot be read with that password"}
        if found[file] is None:
            return {"error": f"vault file '{file}' holds no map of secrets"}
    return found


def _opened(text: bytes, vault: Any) -> Any:
    """What a file says, that is a vault or has values that are."""
    import yaml
    from ansible.parsing.vault import is_encrypted

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!vault", lambda _, node: vault.decrypt(node.value.encode()).decode())
    return yaml.load(vault.decrypt(text) if is_encrypted(text) else text, Loader)


def _plain(data: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(name): _plain(value) if isinstance(value, Mapping) else str(value)
        for name, value in data.items()
        if value is not None
    }


if __name__ == "__main__":
    json.dump(_read(json.load(sys.stdin)), sys.stdout)
