"""The environment that a play runs in: an allow-list of the user's, and our own settings."""

import os
from collections.abc import Mapping
from pathlib import Path

ALLOWED = frozenset({
    "HOME", "PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TERM", "SHELL", "VIRTUAL_ENV",
    "SSH_AUTH_SOCK", "SSH_AGENT_PID", "DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONTEXT",
    "DOCKER_CONFIG", "KUBECONFIG",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE", "XDG_RUNTIME_DIR", "STIX_HOME", "STIX_SITE_CONFIG", "PYTHONDONTWRITEBYTECODE",
    "LD_LIBRARY_PATH",
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CREDENTIAL_EXPIRATION", "HF_ENDPOINT", "HF_HOME",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
    "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_TENANT", "AZURE_SUBSCRIPTION_ID", "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_X509_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_CONFIG_DIR", "AZURE_PROFILE",
    "AZURE_CLOUD_ENVIRONMENT", "ANSIBLE_AZURE_AUTH_SOURCE", "AZURE_STORAGE_ACCOUNT",
    "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT", "GCLOUD_PROJECT",
    "GCP_PROJECT", "CLOUDSDK_CONFIG", "CLOUDSDK_CORE_PROJECT", "CLOUDSDK_ACTIVE_CONFIG_NAME", "NO_GCE_CHECK",
    "GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_TIMEOUT",
})  # fmt: skip
"""Names that reach Ansible. ansible-runner writes its whole environment to disk, so nothing else may come along."""

SECRET = frozenset({
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AZURE_CLIENT_SECRET", "AZURE_SECRET", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN",
    "CLOUDSDK_AUTH_ACCESS_TOKEN", "HF_TOKEN",
})  # fmt: skip
"""Names that reach plays of a cloud's role, behind ansible-runner's back: by a socket and an environment, no file."""


def scrubbed(environ: Mapping[str, str], config: Path, collections: str) -> dict[str, str]:
    """The environment for one play with the settings in `config`."""
    kept = {name: value for name, value in environ.items() if name in ALLOWED}
    return kept | {
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "PYTHONUNBUFFERED": "1",
    }


def secret(environ: Mapping[str, str]) -> dict[str, str]:
    """The credentials among the user's variables."""
    return {name: value for name, value in environ.items() if name in SECRET}


def search_path(environ: Mapping[str, str], programs: str) -> str:
    """PATH with the folder `programs` first."""
    return f"{programs}:{environ.get('PATH', os.defpath)}"
