"""What a Kubernetes API server, its scheduler and its kubelets say: answer -> error, as tables."""

import json
import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

CONTEXT = "region"
"""What is ruled out by most errors: the context. `cloud` would be all contexts; empty: nothing is."""

ANSWERS = (
    (
        "provision.quota",
        r"exceeded quota|must specify (?:limits|requests)|(?:maximum|minimum) (?:cpu|memory) usage per|"
        r"admission webhook .* denied .*quota",
        "The namespace's quota does not allow it",
        "`kubectl describe quota` shows what is used; ask for less, or for more quota.",
        False,
    ),
    (
        "provision.auth",
        r'User "system:anonymous"',
        "The cluster does not know who we are",
        "The kubeconfig's login gave nothing: log in again.",
        False,
    ),
    (
        "provision.permission",
        r"is forbidden: User|cannot (?:get|list|watch|create|delete|patch) resource",
        "The account may not do that",
        "Give it the rights of roles/cloud_kubernetes/files/rbac.yml.",
        False,
    ),
    (
        "provision.auth",
        r"\b401\b|unauthorized|certificate has expired|certificate verify failed|you must be logged in|"
        r"exec: process returned|getting credentials",
        "The cluster does not know who we are",
        "Log in again, then `kubectl auth whoami` with the same context shows who you are.",
        False,
    ),
    (
        "provision.config",
        r"expected object with name|invalid kube-?config|kube-?config file|no configuration found|"
        r"no current-context|there is no context",
        "The kubeconfig has no such context",
        "`kubectl config get-contexts` lists them; KUBECONFIG names the file.",
        False,
    ),
    (
        "provision.config",
        r"namespaces? .* not found|serviceaccount .* not found|error looking up service account|"
        r"is invalid|unprocessable|\b422\b|\b400\b|bad request|json: cannot unmarshal|unknown field|"
        r"is forbidden|denied the request",
        "The cluster refused what was asked",
        "Check config.kubernetes: pod_config, namespace, remote_identity; labels must be valid ones.",
        False,
    ),
    (
        "provision.transient",
        r"connection refused|max retries exceeded|timed out|no route to host|name or service not known|"
        r"temporary failure in name resolution|connection reset|connection aborted|\b429\b|too many requests|"
        r"\b50[0-9]\b|service unavailable|etcdserver|internal error|the object has been modified|"
        r"object is being deleted",
        "The cluster's API server does not answer",
        "Check that the cluster runs and can be reached: `kubectl get nodes`.",
        True,
    ),
)
"""(code, pattern, sentence, hint, retryable) for answers of the API; the first pattern found wins."""

PLACING = (
    (
        "provision.config",
        r"persistentvolumeclaim|unbound immediate|volume node affinity|bound PersistentVolumes",
        "A volume cannot be bound",
        "`kubectl get pvc` shows it; check its storage class and zone.",
    ),
    (
        "provision.no_capacity",
        r"Insufficient ([\w./-]+)",
        "No node has room",
        "Ask for less, or wait until something ends there.",
    ),
    (
        "provision.no_capacity",
        r"node affinity|node selector|match Pod's node|didn't match",
        "No node is of the kind that was asked for",
        "`stix check kubernetes` names the nodes' accelerators.",
    ),
    (
        "provision.no_capacity",
        r"taint|unschedulable|not ready|NotReady",
        "No node takes the pods",
        "Tolerate the taint in config.kubernetes.pod_config, or mend the nodes.",
    ),
    ("provision.no_capacity", r"", "The scheduler finds no node", "`kubectl describe pod` shows more."),
)
"""(code, pattern, sentence, hint) for the scheduler's own reason."""

STARTING = {
    "ErrImagePull": "",
    "ImagePullBackOff": "The image cannot be had",
    "InvalidImageName": "The image's name is not valid",
    "ErrImageNeverPull": "The image is not on the node",
    "CreateContainerConfigError": "The container's settings are not valid",
    "CreateContainerError": "The container cannot be made",
    "RunContainerError": "The container cannot be started",
}
"""The kubelet's words for a container that does not start -> our sentence; empty: it is tried again first."""


def classify(error, context):
    """The failure that an exception or a text of the Kubernetes client stands for.

    Args:
        error: an exception (of the API with `status` and `body`), or a text.
        context: the context that was asked.
    """
    status, text = getattr(error, "status", None), _message(error)
    searched = "%s %s" % (status or "", text)
    details = {
        "scope": CONTEXT,
        "region": context,
        "provider_code": str(_reason(error) or status or ""),
        "reason": text,
    }
    for code, pattern, sentence, hint, retryable in ANSWERS:
        if re.search(pattern, searched, re.IGNORECASE):
            return Failure(code, "%s (context %s): %s" % (sentence, context, _short(text)), hint, details, retryable)
    return Failure("provision.unknown", "Kubernetes failed (context %s): %s" % (context, _short(text)), "", details)


def not_placed(message, context):
    """The failure of a pod that the scheduler found no node for; `message` is its own reason."""
    for code, pattern, sentence, hint in PLACING:
        if re.search(pattern, message, re.IGNORECASE):
            return _failed(code, "%s (context %s): %s" % (sentence, context, _short(message)), hint, context, message)
    raise AssertionError("the last pattern fits everything")


def not_started(reason, message, image, context):
    """The failure of a container that the kubelet could not start; None while it may still come."""
    sentence = STARTING.get(reason)
    if not sentence:
        return None
    hint = "Check image_id and imagePullSecrets of config.kubernetes.pod_config."
    text = "%s, image %r (context %s): %s" % (sentence, image, context, _short(message or reason))
    return _failed("provision.config", text, hint, context, message, reason)


def ended(pod, reason, message, context):
    """The failure of a pod that ended before it was ready."""
    if reason in ("StartError", "ContainerCannotRun", "Error", "Completed", "OOMKilled"):
        hint = "The image needs a shell and must be able to wait: check image_id and pod_config."
        return _failed(
            "provision.config",
            "Pod %s ended at once: %s" % (pod, _short(message or reason)),
            hint,
            context,
            message,
            reason,
        )
    return _failed(
        "provision.no_capacity",
        "Pod %s was turned away: %s" % (pod, _short(message or reason)),
        "",
        context,
        message,
        reason,
    )


def _failed(code, sentence, hint, context, message, reason=""):
    details = {"scope": CONTEXT, "region": context, "provider_code": reason, "reason": message}
    return Failure(code, sentence, hint, details)


def _body(error):
    try:
        body = json.loads(getattr(error, "body", None) or "{}")
    except (ValueError, TypeError):
        return {}
    return body if isinstance(body, dict) else {}


def _reason(error):
    return _body(error).get("reason")


def _message(error):
    return " ".join(str(_body(error).get("message") or error).split())


def _short(text):
    return text.rstrip(".")[:400]
