"""Where keys of buckets are found, and what rclone is told; no key is made up, none is asked of the wrong place."""

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.bucket_remotes import S3_LIKE, Keys

AWS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_SESSION_TOKEN": "TK"}


def options(
    tmp_path: Path, store: str, environ: dict[str, str] | None = None, identity: bool = False, **settings: Any
) -> dict[str, str]:
    mount = {"store": store, "region": settings.pop("at", ""), "account": settings.pop("of", "")}
    return Keys(environ or {}, tmp_path, lambda profile: None).remote(mount, settings, identity)[1]


def test_keys_of_the_environment_come_first(tmp_path: Path) -> None:
    found = options(tmp_path, "S3", AWS, region="eu-west-1")
    assert found == {
        "type": "s3", "provider": "AWS", "region": "eu-west-1", "access_key_id": "AK", "secret_access_key": "SK",
        "session_token": "TK",
    }  # fmt: skip


def test_a_profile_that_is_asked_for_wins_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text("[team]\naws_access_key_id = T\naws_secret_access_key = S\n")
    assert options(tmp_path, "S3", AWS, profile="team")["access_key_id"] == "T"
    assert options(tmp_path, "S3", {"AWS_PROFILE": "team"})["access_key_id"] == "T"


def test_an_identity_needs_no_keys_and_sends_none(tmp_path: Path) -> None:
    found = options(tmp_path, "S3", AWS, identity=True)
    assert found["env_auth"] == "true" and "SK" not in found.values()
    assert options(tmp_path, "S3", AWS, identity=True, credentials="keys")["secret_access_key"] == "SK"
    assert options(tmp_path, "GCS", identity=True)["env_auth"] == "true"
    assert options(tmp_path, "AZURE", identity=True, of="acct")["use_msi"] == "true"
    assert "access_key_id" not in options(tmp_path, "S3", AWS, credentials="none")


@pytest.mark.parametrize("store", sorted(S3_LIKE))
def test_keys_that_are_not_there_are_named_with_where_they_were_looked_for(tmp_path: Path, store: str) -> None:
    with pytest.raises(Failure) as caught:
        options(tmp_path, store, account="a", endpoint="http://x")
    assert caught.value.code == "secrets.missing" and str(tmp_path) in caught.value.hint
    assert S3_LIKE[store].title in caught.value.message


@pytest.mark.parametrize(
    ("store", "endpoint"),
    [
        ("R2", "https://acct.r2.cloudflarestorage.com"),
        ("NEBIUS", "https://storage.eu-west1.nebius.cloud"),
        ("COREWEAVE", "https://cwobject.com"),
        ("IBM", "https://s3.eu-west1.cloud-object-storage.appdomain.cloud"),
        ("OCI", "https://acct.compat.objectstorage.eu-west1.oraclecloud.com"),
    ],
)
def test_stores_that_speak_s3_answer_at_their_own_address(tmp_path: Path, store: str, endpoint: str) -> None:
    file = tmp_path / S3_LIKE[store].file
    file.parent.mkdir()
    text = f"[{S3_LIKE[store].profile}]\naws_access_key_id = K\naws_secret_access_key = S\n"
    file.write_text("access_key_id: K\nsecret_access_key: S\n" if file.suffix == ".yaml" else text)
    found = options(tmp_path, store, AWS, at="eu-west1", account="acct")
    assert (found["endpoint"], found["access_key_id"]) == (endpoint, "K"), "not the keys of Amazon's variables"


def test_what_a_store_cannot_do_without_is_named(tmp_path: Path) -> None:
    for store, setting in (("R2", "storage.r2.account"), ("VASTDATA", "endpoint"), ("AZURE", "storage.azure.account")):
        with pytest.raises(Failure, match=setting) as caught:
            options(tmp_path, store)
        assert caught.value.code == "config.invalid"


def test_googles_two_kinds_of_log_in(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"type": "service_account", "private_key": "a\nb"}))
    found = options(tmp_path, "GCS", {"GOOGLE_APPLICATION_CREDENTIALS": str(file)})
    assert json.loads(found["service_account_credentials"])["private_key"] == "a\nb"
    assert "\n" not in found["service_account_credentials"]
    file.write_text(
        json.dumps({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"})
    )
    found = options(tmp_path, "GCS", {"GOOGLE_APPLICATION_CREDENTIALS": str(file)})
    assert json.loads(found["token"])["refresh_token"] == "r" and found["client_secret"] == "s"


def test_azures_keys(tmp_path: Path) -> None:
    assert options(tmp_path, "AZURE", {"AZURE_STORAGE_KEY": "k"}, of="acct")["key"] == "k"
    assert options(tmp_path, "AZURE", {"AZURE_STORAGE_SAS_TOKEN": "?sig=1"}, of="acct")["sas_url"].endswith("/?sig=1")
    principal = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"}
    found = options(tmp_path, "AZURE", principal, of="acct")
    assert (found["tenant"], found["client_id"], found["client_secret"]) == ("t", "c", "s")


def test_a_remotes_name_tells_places_apart_and_says_nothing_of_keys(tmp_path: Path) -> None:
    def name(environ: dict[str, str], **settings: Any) -> str:
        return Keys(environ, tmp_path, lambda profile: None).remote({"store": "S3"}, settings, False)[0]

    assert name(AWS) == name({**AWS, "AWS_SECRET_ACCESS_KEY": "other"})
    assert name(AWS) != name(AWS, region="eu-west-1") != name(AWS, endpoint="http://x")
