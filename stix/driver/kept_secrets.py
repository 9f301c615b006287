"""Values of secrets that a task only names: from vault files, the environment or a command, as the user has set up."""

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stix.driver.ledger import Ledger
from stix.errors import UsageError
from stix.model.secret_words import hide_words
from stix.model.task import ManagedSecret, Secrets, Task

SOURCES = ("vault", "environment", "command")
"""Where values are looked for, in this order unless the user has another."""

PREFIX = "STIX_SECRET_"
COMMAND_SECONDS = 300.0
"""A password manager may ask its owner first."""


class SecretSources:
    """Where one user's secrets are.

    Args:
        settings: `secrets` of the user's settings: `{order: [of SOURCES], vault_files: [path], vault_password_file,
            vault_password_command: words, command: words, with {name} and {scope}}`; words are a list or a line.
        folder: where relative paths start.

    Raises:
        UsageError: `config.invalid`.
    """

    def __init__(self, settings: Mapping[str, Any], folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        _check(settings)
        self.order = tuple(settings.get("order") or SOURCES)
        self.vault_files = [_path(file, folder) for file in _list(settings.get("vault_files"))]
        own, usual = settings.get("vault_password_file"), environ.get("ANSIBLE_VAULT_PASSWORD_FILE")
        # Ansible's own variable is relative to where the command runs, as everywhere.
        self.password_file = _path(own, folder) if own else _path(usual, Path.cwd()) if usual else None
        self.password_command = _words(settings.get("vault_password_command"))
        self.command = _words(settings.get("command"))
        self.environ = environ
        self._vaults: dict[str, dict[str, Any]] | None = None

    def for_ansible(self, folder: Path) -> dict[str, str]:
        """Settings of Ansible that open the user's vaults: paths of password files and programs, never a password.

        Args:
            folder: where a program is written that runs `vault_password_command`.
        """
        found = {}
        file = self.password_file
        if self.password_command:
            file = _program(folder / "vault-password", self.password_command)
        if file:
            found["ANSIBLE_VAULT_PASSWORD_FILE"] = file
        entries = [each.strip() for each in self.environ.get("ANSIBLE_VAULT_IDENTITY_LIST", "").split(",")]
        parts = [entry.rpartition("@") for entry in entries if entry]
        # Nobody is there to be asked: plays have no terminal.
        paths = [
            f"{name}{at}{_path(source, Path.cwd())}" for name, at, source in parts if not source.startswith("prompt")
        ]
        return {**found, **({"ANSIBLE_VAULT_IDENTITY_LIST": ",".join(paths)} if paths else {})}

    def find(self, secret: ManagedSecret) -> str:
        """The secret's value.

        Raises:
            UsageError: `secrets.missing`, saying where it was looked for; `config.invalid`, a vault does not open.
        """
        looked: list[str] = []
        for source in self.order:
            value = getattr(self, f"_from_{source}")(secret, looked)
            if value is not None:
                return str(value)
        raise UsageError(
            "secrets.missing",
            f"secret '{secret.name}' has no value; looked for in {' and '.join(looked) or 'no place'}",
            hint=f"give it with --secret {secret.name}, or put it where it is looked for",
            details={"keys": [f"secrets.{secret.name}"], "looked": looked},
        )

    def places(self, secret: ManagedSecret) -> str:
        """Where it will be looked for, in words."""
        told = {
            "vault": self.vault_files,
            "environment": [_variables(secret)],
            "command": [_shown(self.command, secret)] if self.command else [],
        }
        return ", ".join(place for source in self.order for place in told[source])

    def _from_vault(self, secret: ManagedSecret, looked: list[str]) -> str | None:
        if not self.vault_files:
            return None
        if self._vaults is None:
            from stix.runner.vault import read_vaults

            self._vaults = read_vaults(
                self.vault_files, self.password_file, self.password_command, self._for_children()
            )
        for file in self.vault_files:
            scoped = self._vaults[file].get(secret.scope or "")
            for values in (scoped if isinstance(scoped, dict) else {}, self._vaults[file]):
                if isinstance(values.get(secret.name), str):
                    return str(values[secret.name])
            looked.append(file)
        return None

    def _from_environment(self, secret: ManagedSecret, looked: list[str]) -> str | None:
        for name in (PREFIX + secret.name, secret.name):
            if name in self.environ:
                return self.environ[name]
        looked.append(_variables(secret))
        return None

    def _from_command(self, secret: ManagedSecret, looked: list[str]) -> str | None:
        if not self.command:
            return None
        words = _with_name(self.command, secret)
        try:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self._for_children(),
                timeout=COMMAND_SECONDS, check=False,
            )  # fmt: skip
        except FileNotFoundError:
            raise UsageError("config.invalid", f"the command of 'secrets', {words[0]}, is not there") from None
        except (OSError, subprocess.SubprocessError) as error:
            looked.append(f"{_shown(self.command, secret)} ({type(error).__name__})")
            return None
        if done.returncode:
            looked.append(f"{_shown(self.command, secret)} (exit code {done.returncode})")
            return None
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def _for_children(self) -> dict[str, str]:
        """What programs see that find secrets: not the secrets that are in the environment."""
        return {name: value for name, value in self.environ.items() if not name.startswith(PREFIX)}


def _program(path: Path, words: list[str]) -> str:
    """A program that runs a command; replaced as a whole, as a play may just start it."""
    text = f"#!/bin/sh\nexec {shlex.join(words)}\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o700), "w", encoding="utf-8") as program:
            program.write(text)
        draft.replace(path)
    return str(path)


def sources_of(ledger: Ledger) -> SecretSources:
    """Where this user's secrets are.

    Raises:
        UsageError: `config.invalid`.
    """
    return SecretSources(ledger.settings.secrets, ledger.home.root)


def filled(task: Task, ledger: Ledger) -> Task:
    """As `with_values`, from where this user's secrets are."""
    return with_values(task, sources_of(ledger)) if task.managed_secrets else task


def with_values(task: Task, sources: SecretSources) -> Task:
    """The task with the values of all secrets that it only names.

    Raises:
        UsageError: as `SecretSources.find`.
    """
    found: dict[str, str] = {}
    for secret in task.managed_secrets:
        if secret.name not in found:
            found[secret.name] = task.secrets[secret.name] if secret.name in task.secrets else sources.find(secret)
    variables = {each.name: found[each.name] for each in task.managed_secrets if each.mount_path is None}
    files = {each.name: found[each.name] for each in task.managed_secrets if each.mount_path is not None}
    return replace(task, secrets=Secrets({**task.secrets, **variables}), file_secrets=Secrets(files))


def secret_notes(task: Task, ledger: Ledger) -> tuple[str, ...]:
    """A sentence for each secret that a launch would look for."""
    wanted = [each for each in task.managed_secrets if each.name not in task.secret_values]
    if not wanted:
        return ()
    sources = sources_of(ledger)
    return tuple(
        f"secret {each.name}{f', for {each.mount_path},' if each.mount_path else ''} will be looked for in "
        f"{sources.places(each)}"
        for each in wanted
    )


def _check(settings: Mapping[str, Any]) -> None:
    if not settings:
        return
    from stix.spec.schema.settings import SECRETS
    from stix.spec.validate import problems_of

    for problem in problems_of(settings, SECRETS, ("secrets",)):
        raise UsageError("config.invalid", problem.sentence, hint=problem.hint)


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _words(value: Any) -> list[str]:
    return shlex.split(value) if isinstance(value, str) else list(value or ())


def _path(text: str, folder: Path) -> str:
    return str(folder / os.path.expanduser(text))


def _with_name(words: list[str], secret: ManagedSecret) -> list[str]:
    return [word.replace("{name}", secret.name).replace("{scope}", secret.scope or "") for word in words]


def _shown(words: list[str], secret: ManagedSecret) -> str:
    return f"'{' '.join(hide_words([shlex.quote(word) for word in _with_name(words, secret)]))}'"


def _variables(secret: ManagedSecret) -> str:
    return f"${PREFIX}{secret.name}, ${secret.name}"
