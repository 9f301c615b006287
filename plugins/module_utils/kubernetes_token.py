"""Who we are for a cluster, by what it says (since 1.28) or by the token that we show it."""

import base64
import json
import time

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def whoami(api):
    """The user's name; that of the kubeconfig where neither the cluster nor the token tells."""
    try:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        return api.post(REVIEW, body)["status"]["userInfo"]["username"]
    except (Failure, KeyError):
        return claims(api.token()).get("sub") or api.user


def expired(token, now=None):
    """When a token that is past its time ended, as UTC text; empty for others."""
    end = claims(token).get("exp")
    if not isinstance(end, (int, float)) or end > (time.time() if now is None else now):
        return ""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(end))


def claims(token):
    """What a JWT says of itself, unproved; nothing where it is none."""
    try:
        _, middle, _ = token.split(".")
        found = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}
