"""Object stores: which there are, and what an address of a bucket means. Pure."""

import posixpath
import re
from typing import NamedTuple


class Store(NamedTuple):
    """A kind of store.

    Attributes:
        name: as `store` names it, one of `stix.model.storage.STORES`.
        scheme: what its addresses begin with.
        title: for people.
    """

    name: str
    scheme: str
    title: str


class BucketPlace(NamedTuple):
    """Where something lies in a store.

    Attributes:
        path: below the bucket, without slashes at its ends; empty is the whole bucket.
        region: where the address names one (`cos://REGION/BUCKET`).
        account: where the address names one (Azure's storage account).
    """

    store: str
    bucket: str
    path: str = ""
    region: str = ""
    account: str = ""

    @property
    def address(self) -> str:
        """The address that means this place."""
        end = f"/{self.path}" if self.path else ""
        if self.store == HUB:
            return f"hf://{self.bucket}{end}"
        if self.store == "AZURE":
            return f"https://{self.account}.blob.core.windows.net/{self.bucket}{end}"
        region = f"{self.region}/" if self.store == "IBM" else ""
        return f"{BY_NAME[self.store].scheme}://{region}{self.bucket}{end}"


STORES = (
    Store("S3", "s3", "Amazon S3"),
    Store("GCS", "gs", "Google Cloud Storage"),
    Store("AZURE", "https", "Azure Blob Storage"),
    Store("R2", "r2", "Cloudflare R2"),
    Store("IBM", "cos", "IBM Cloud Object Storage"),
    Store("OCI", "oci", "OCI Object Storage"),
    Store("NEBIUS", "nebius", "Nebius Object Storage"),
    Store("COREWEAVE", "cw", "CoreWeave Object Storage"),
    Store("VASTDATA", "vastdata", "VAST Data"),
)
BY_NAME = {store.name: store for store in STORES}
HUB = "HF"
"""The Hugging Face Hub, which is no store of the list: it is read only. Its "bucket" is `models/ORG/NAME`, or with
`datasets/` or `spaces/`, and `@REVISION` where the address names one.
"""
_BY_SCHEME = {store.scheme: store for store in STORES}
_BLOB = re.compile(r"https://([a-z0-9]+)\.blob\.core\.windows\.net/([^/]+)(?:/(.*))?")


_REPOSITORY = re.compile(r"hf://((?:models|datasets|spaces)/)?([\w.-]+/[\w.-]+(?:@[^/@]+)?)(?:/(.*))?")


def place_of(address: str) -> BucketPlace:
    """What an address of a bucket means.

    Raises:
        ValueError: no store has such addresses; the text continues a sentence that begins with the address.
    """
    blob = _BLOB.fullmatch(address)
    if blob:
        return BucketPlace("AZURE", blob[2], (blob[3] or "").strip("/"), account=blob[1])
    scheme, _, rest = address.partition("://")
    if scheme == "hf":
        return _of_hub(address)
    store = _BY_SCHEME.get(scheme)
    if store is None or store.name == "AZURE":
        known = ", ".join(f"{each.scheme}://" for each in STORES if each.name != "AZURE")
        raise ValueError(
            f"is no address of a bucket: those begin with {known} or https://ACCOUNT.blob.core.windows.net/"
        )
    region, rest = rest.split("/", 1) if store.name == "IBM" and "/" in rest else ("", rest)
    bucket, _, path = rest.partition("/")
    if not bucket:
        raise ValueError("names no bucket")
    return BucketPlace(store.name, bucket, path.strip("/"), region=region)


def _of_hub(address: str) -> BucketPlace:
    found = _REPOSITORY.fullmatch(address)
    if not found or found[2].partition("/")[0] in ("models", "datasets", "spaces", "buckets"):
        raise ValueError("is no repository of the Hugging Face Hub: write hf://ORG/MODEL or hf://datasets/ORG/NAME")
    path = posixpath.normpath(found[3]).strip("/") if found[3] else ""
    return BucketPlace(HUB, f"{found[1] or 'models/'}{found[2]}", "" if path == "." else path)
