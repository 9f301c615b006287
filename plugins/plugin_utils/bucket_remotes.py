"""How rclone reaches a bucket: the store's options and the user's keys, found where the stores' own tools look."""

import configparser
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.s3_stores import S3_LIKE, S3Like

Options = dict[str, str]


class Keys:
    """The user's keys on this machine.

    Args:
        environ: environment variables.
        home: the home folder.
        session: answers `(key, secret, token)` of boto3 for a profile, or None; it knows SSO and roles.
    """

    def __init__(
        self, environ: Mapping[str, str], home: Path, session: Callable[[str], tuple[str, str, str] | None]
    ) -> None:
        self.environ = environ
        self.home = home
        self.session = session

    def remote(self, mount: Mapping[str, Any], settings: Mapping[str, Any], identity: bool) -> tuple[str, Options]:
        """Name and options of the remote for a mount.

        Args:
            mount: `store`, `region`, `account` of these count.
            settings: of the store: `endpoint`, `region`, `profile`, `credentials_file`, `account`, and `credentials`
                (`identity`: the machine's own, `keys`, or `none` for what everybody may read).
            identity: the machine's own identity serves, unless `settings` say otherwise.

        Raises:
            Failure: `secrets.missing`, there are no keys; `config.invalid`, a setting is missing.
        """
        store, how = str(mount["store"]), settings.get("credentials") or ("identity" if identity else "keys")
        makers = {"GCS": self._gcs, "AZURE": self._azure, "HF": self._hub}
        if store in S3_LIKE:
            options = self._s3(S3_LIKE[store], store.lower(), mount, settings, how)
        elif store in makers:
            options = makers[store](mount, settings, how)
        else:
            raise Failure(
                "config.invalid", f"Buckets of store {store} cannot be reached", "Use another store.", {"store": store}
            )
        place = json.dumps([store, options.get("endpoint"), options.get("region"), options.get("account"), how])
        return f"{store.lower()}-{hashlib.sha256(place.encode()).hexdigest()[:8]}", options

    def _s3(self, store: S3Like, word: str, mount: Mapping[str, Any], settings: Mapping[str, Any], how: str) -> Options:
        region = str(mount.get("region") or settings.get("region") or store.region)
        account = str(mount.get("account") or settings.get("account") or self._account(word))
        endpoint = str(settings.get("endpoint") or "")
        if not endpoint and word == "s3":
            endpoint = self.environ.get("AWS_ENDPOINT_URL_S3") or self.environ.get("AWS_ENDPOINT_URL") or ""
        if not endpoint and store.endpoint:
            if "{account}" in store.endpoint and not account:
                raise _lacks(word, "account", f"{store.title} is reached under an account's name")
            endpoint = store.endpoint.format(region=region, account=account)
        if not endpoint and store.provider != "AWS":
            raise _lacks(word, "endpoint", f"nobody says where {store.title} answers")
        options = {
            "type": "s3",
            "provider": "Other" if endpoint and store.provider == "AWS" else store.provider,
            "region": region,
        }
        if endpoint:
            options["endpoint"] = endpoint
        if how == "identity":
            return {**options, "env_auth": "true"}
        return options if how == "none" else {**options, **self._s3_keys(store, word, settings)}

    def _s3_keys(self, store: S3Like, word: str, settings: Mapping[str, Any]) -> Options:
        profile = settings.get("profile")
        found = None if profile else self._of_environment(store.variables)
        file = Path(os.path.expanduser(str(settings.get("credentials_file") or self.home / store.file)))
        wanted = str(profile or (self.environ.get("AWS_PROFILE") if word == "s3" else "") or store.profile)
        if not found and file.is_file():
            found = self._of_yaml(file) if file.suffix == ".yaml" else self._of_profile(file, wanted)
        if not found and word == "s3":
            found = self.session(wanted)
        if not found:
            where = " or ".join([*store.variables[:1], f"{file} [{wanted}]" if store.profile else str(file)])
            raise Failure(
                "secrets.missing",
                f"No keys of {store.title} were found",
                f"Looked at {where}; machines with an identity of their own need storage.{word}.credentials: identity.",
                {"store": word},
            )
        names = ("access_key_id", "secret_access_key", "session_token")
        return {name: value for name, value in zip(names, found, strict=False) if value}

    def _of_environment(self, variables: tuple[str, ...]) -> tuple[str, ...] | None:
        values = tuple(self.environ.get(name, "") for name in variables)
        return values if len(values) > 1 and values[0] and values[1] else None

    def _of_profile(self, file: Path, profile: str) -> tuple[str, ...] | None:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
            section = parser[profile]
        except (configparser.Error, KeyError, OSError):
            return None
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        values = tuple(section.get(name, "") for name in names)
        return values if values[0] and values[1] else None

    def _of_yaml(self, file: Path) -> tuple[str, ...] | None:
        import yaml

        data = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        values = (str(data.get("access_key_id") or ""), str(data.get("secret_access_key") or ""))
        return values if all(values) else None

    def _account(self, word: str) -> str:
        file = self.home / ".cloudflare" / "accountid"
        return file.read_text(encoding="utf-8").strip() if word == "r2" and file.is_file() else ""

    def _gcs(self, mount: Mapping[str, Any], settings: Mapping[str, Any], how: str) -> Options:
        options = {"type": "google cloud storage", "bucket_policy_only": "true"}
        if settings.get("endpoint"):
            options["endpoint"] = str(settings["endpoint"])
        if how != "keys":
            return {**options, **({"env_auth": "true"} if how == "identity" else {"anonymous": "true"})}
        usual = self.environ.get("GOOGLE_APPLICATION_CREDENTIALS") or (
            self.home / ".config/gcloud/application_default_credentials.json"
        )
        file = Path(os.path.expanduser(str(settings.get("credentials_file") or usual)))
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            hint = f"Looked at {file}; log in with: gcloud auth application-default login"
            raise Failure(
                "secrets.missing", "No keys of Google Cloud Storage were found", hint, {"store": "gcs"}
            ) from None
        if data.get("type") == "service_account":
            return {**options, "service_account_credentials": json.dumps(data)}
        # A person's own log-in; rclone fetches an access token with it, so the one that is missing counts as expired.
        token = {
            "access_token": "",
            "token_type": "Bearer",
            "refresh_token": data.get("refresh_token"),
            "expiry": "2000-01-01T00:00:00Z",
        }
        return {
            **options, "client_id": str(data.get("client_id")), "client_secret": str(data.get("client_secret")),
            "token": json.dumps(token),
        }  # fmt: skip

    def _azure(self, mount: Mapping[str, Any], settings: Mapping[str, Any], how: str) -> Options:
        account = str(
            mount.get("account") or settings.get("account") or self.environ.get("AZURE_STORAGE_ACCOUNT") or ""
        )
        if not account:
            raise _lacks("azure", "account", "Azure's buckets lie in a storage account")
        options = {"type": "azureblob", "account": account}
        if settings.get("endpoint"):
            options["endpoint"] = str(settings["endpoint"])
        if how == "identity":
            return {**options, "use_msi": "true"}
        if how == "none":
            return options
        environ = self.environ
        if environ.get("AZURE_STORAGE_KEY"):
            return {**options, "key": environ["AZURE_STORAGE_KEY"]}
        if environ.get("AZURE_STORAGE_SAS_TOKEN"):
            sas = environ["AZURE_STORAGE_SAS_TOKEN"].lstrip("?")
            return {**options, "sas_url": f"https://{account}.blob.core.windows.net/?{sas}"}
        principal = [environ.get(f"AZURE_{word}", "") for word in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")]
        if all(principal):
            return {**options, **dict(zip(("tenant", "client_id", "client_secret"), principal, strict=True))}
        hint = "Set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, or the AZURE_ variables of a service principal."
        raise Failure(
            "secrets.missing", f"No keys of Azure's storage account {account} were found", hint, {"store": "azure"}
        )

    def _hub(self, mount: Mapping[str, Any], settings: Mapping[str, Any], how: str) -> Options:
        """The Hugging Face Hub, which the agent itself reads; what everybody may read needs no token."""
        endpoint = settings.get("endpoint") or self.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        usual = Path(self.environ.get("HF_HOME") or self.home / ".cache" / "huggingface") / "token"
        file = Path(os.path.expanduser(str(settings.get("credentials_file") or usual)))
        token = self.environ.get("HF_TOKEN") or (file.read_text(encoding="utf-8") if file.is_file() else "")
        options = {"type": "hub", "endpoint": str(endpoint)}
        return {**options, "token": token.strip()} if token.strip() and how != "none" else options


def boto_session(profile: str) -> tuple[str, str, str] | None:
    """`(key, secret, token)` that boto3 finds for a profile; None without boto3 or without keys."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return None
    try:
        found = boto3.Session(profile_name=None if profile == "default" else profile).get_credentials()
        keys = found.get_frozen_credentials() if found else None
    except BotoCoreError:
        return None
    return (keys.access_key, keys.secret_key, keys.token or "") if keys else None


def _lacks(word: str, setting: str, reason: str) -> Failure:
    return Failure(
        "config.invalid",
        f"Setting storage.{word}.{setting} is missing: {reason}",
        "It stands in config.yaml.",
        {"store": word},
    )
