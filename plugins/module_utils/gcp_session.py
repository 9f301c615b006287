"""Who asks Google Cloud, for which project: google-auth's usual places, and the login of the gcloud command."""

import os
import shutil
import subprocess

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_errors import classify_exception

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
PROJECT = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT", "GCLOUD_PROJECT", "GCP_PROJECT")


def open_session(config, environ=os.environ):
    """A session that logs in, the project's id, and who asks (an e-mail address; empty where that is not known).

    Args:
        config: `project_id` of these counts before all else.

    Raises:
        Failure: `provision.auth`, `provision.config`, `runner.missing_content`.
    """
    try:
        from google.auth.transport.requests import AuthorizedSession, Request
        from requests.adapters import HTTPAdapter
    except ImportError as error:
        raise Failure(
            "runner.missing_content", "Google Cloud needs a Python package: %s" % error, "pip install 'stix-cloud[gcp]'"
        ) from None
    try:
        credentials, known = _credentials(environ)
        if not credentials.valid:  # one token for all the calls that are made at once
            credentials.refresh(Request())
    except Failure:
        raise
    except Exception as error:
        raise classify_exception(error) from error
    project = config.get("project_id") or next((environ[name] for name in PROJECT if environ.get(name)), None) or known
    if not project:
        raise Failure(
            "provision.config",
            "No project of Google Cloud is chosen",
            "Set config gcp.project_id or GOOGLE_CLOUD_PROJECT, or: gcloud config set project PROJECT",
            {"scope": "cloud"},
        )
    session = AuthorizedSession(credentials)
    session.mount("https://", HTTPAdapter(pool_connections=4, pool_maxsize=32))
    return session, project, getattr(credentials, "service_account_email", "") or ""


def _credentials(environ):
    """Credentials and the project that they name, if they do."""
    from google.auth import default
    from google.auth.exceptions import DefaultCredentialsError
    from google.oauth2.credentials import Credentials

    if environ.get("CLOUDSDK_AUTH_ACCESS_TOKEN"):
        return Credentials(environ["CLOUDSDK_AUTH_ACCESS_TOKEN"]), None
    try:
        return default(scopes=SCOPES)
    except DefaultCredentialsError:
        token = _gcloud("auth", "print-access-token") if not environ.get("GOOGLE_APPLICATION_CREDENTIALS") else ""
        if not token:
            raise
        return Credentials(token), _gcloud("config", "get-value", "project") or None


def _gcloud(*words):
    """What the gcloud command prints; empty where it is not there or does not know."""
    program = shutil.which("gcloud")
    if not program:
        return ""
    try:
        done = subprocess.run([program, *words], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
