"""Stores that speak S3: where they answer and where their keys lie."""

from typing import NamedTuple


class S3Like(NamedTuple):
    """A store that speaks S3.

    Attributes:
        title: for people.
        provider: rclone's word for it.
        endpoint: with `{region}`, `{account}`; empty: rclone knows.
        profile: section of the credentials file.
        file: credentials file, below the home folder.
        region: what it is where nobody says.
        variables: environment variables that hold key and secret, before the file.
    """

    title: str
    provider: str
    endpoint: str
    profile: str
    file: str
    region: str
    variables: tuple[str, ...] = ()


S3_LIKE = {
    "S3": S3Like(
        "Amazon S3", "AWS", "", "default", ".aws/credentials", "us-east-1",
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    ),
    "R2": S3Like(
        "Cloudflare R2", "Cloudflare", "https://{account}.r2.cloudflarestorage.com", "r2", ".cloudflare/r2.credentials",
        "auto",
    ),
    "NEBIUS": S3Like(
        "Nebius Object Storage", "Other", "https://storage.{region}.nebius.cloud", "nebius", ".aws/credentials",
        "eu-north1",
    ),
    "COREWEAVE": S3Like(
        "CoreWeave Object Storage", "Other", "https://cwobject.com", "cw", ".coreweave/cw.credentials", "US-WEST-01A"
    ),
    "VASTDATA": S3Like("VAST Data", "Other", "", "vastdata", ".vastdata/vastdata.credentials", "us-east-1"),
    "OCI": S3Like(
        "OCI Object Storage", "Other", "https://{account}.compat.objectstorage.{region}.oraclecloud.com", "oci",
        ".oci/s3.credentials", "us-ashburn-1",
    ),
    "IBM": S3Like(
        "IBM Cloud Object Storage", "IBMCOS", "https://s3.{region}.cloud-object-storage.appdomain.cloud", "",
        ".ibm/credentials.yaml",
        "us-south",
    ),
}  # fmt: skip
"""Stores by name. Files and sections are those that SkyPilot and the stores' own tools read."""
