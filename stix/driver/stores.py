"""Object stores as the settings have them: which one is taken where none is named, how each is reached."""

import os
from collections.abc import Mapping
from typing import Any

from stix.clouds.registry import clouds
from stix.driver.ledger import Ledger
from stix.errors import UsageError
from stix.model.stores import BY_NAME


def default_store(ledger: Ledger, cloud: str) -> str:
    """The store of buckets that name none: the settings' `default`, else the cloud's own, else Amazon S3.

    Raises:
        UsageError: `config.invalid`, the settings name a store that there is none.
    """
    named = str(ledger.settings.storage.get("default") or "").upper()
    if named and named not in BY_NAME:
        raise UsageError(
            "config.invalid", f"storage.default names no store: {named.lower()!r}", hint=", ".join(BY_NAME).lower()
        )
    return named or clouds()[cloud].store or "S3"


def settings_by_store(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """Settings by store, named in small letters."""
    return {name: dict(value) for name, value in ledger.settings.storage.items() if isinstance(value, Mapping)}


def endpoint_of(ledger: Ledger, store: str) -> str:
    """Where the settings (or, of Amazon's, the environment) say that a store answers; empty: at its own address."""
    own = settings_by_store(ledger).get(store.lower(), {}).get("endpoint")
    words = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") if store == "S3" else ()
    return str(own or next(filter(None, map(os.environ.get, words)), ""))


def whose(store: str) -> str:
    """The cloud that keeps a store's buckets, as rules call it."""
    own = {cloud.store: name for name, cloud in clouds().items() if cloud.store}
    return own.get(store) or {"R2": "cloudflare"}.get(store, store.lower())
