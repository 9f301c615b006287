"""A Kubernetes API server, asked for plain data over the client of the collection kubernetes.core."""

import json
import os

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_errors import classify
from ansible_collections.stix.core.plugins.module_utils.kubernetes_token import expired

GROUPS = {
    "ingresses": "/apis/networking.k8s.io/v1",
    "volumesnapshots": "/apis/snapshot.storage.k8s.io/v1",
    "nodes": "/api/v1",
    "namespaces": "/api/v1",
}
CONNECT_SECONDS, SECONDS = 5, 20
"""How long one request may take to connect (the client tries four times) and to be answered."""

LABELS_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def contexts(kubeconfig):
    """`(name -> (namespace, user), the current one's name)` of a kubeconfig; empty where there is none."""
    from kubernetes.config import list_kube_config_contexts
    from kubernetes.config.config_exception import ConfigException

    try:
        found, current = list_kube_config_contexts(kubeconfig or None)
    except (ConfigException, OSError, TypeError):
        return {}, ""
    inside = {each["name"]: each.get("context") or {} for each in found or []}
    names = {name: (each.get("namespace") or "default", each.get("user") or "") for name, each in inside.items()}
    return names, (current or {}).get("name") or ""


def kubeconfig_file(kubeconfig):
    """The file that was meant, for programs that are started later; empty: the usual one, or several."""
    found = kubeconfig or os.environ.get("K8S_AUTH_KUBECONFIG") or os.environ.get("KUBECONFIG") or ""
    return "" if not isinstance(found, str) or os.pathsep in found else found


class Api:
    """One context of a kubeconfig.

    Args:
        connect: makes the collection's client, `request` of which is used.
        context: name of the context, for messages.
        namespace: where objects of namespaces are.
        user: what the kubeconfig calls who logs in.
    """

    def __init__(self, connect, context, namespace, user=""):
        self.context = context
        self.namespace = namespace
        self.user = user
        self._client = None
        self._client = self._guarded(connect)

    def list(self, kind, labels="", fields="", whole=True):
        """Objects of a kind, as data; not `whole`: only their metadata."""
        query = [("labelSelector", labels)] if labels else []
        query += [("fieldSelector", fields)] if fields else []
        extra = {} if whole else {"header_params": {"Accept": LABELS_ONLY}}
        return self._request("get", self._path(kind), query=query, **extra).get("items") or []

    def get(self, kind, name):
        """An object by its name."""
        return self._request("get", "%s/%s" % (self._path(kind), name))

    def create(self, kind, body):
        """Make an object; the one that is there by that name and that belongs to the same cluster is as good."""
        try:
            return self._request("post", self._path(kind), body=body)
        except Failure as failure:
            if failure.details.get("provider_code") != "AlreadyExists":
                raise
        name = body["metadata"]["name"]
        there = self.get(kind, name)
        ours = body["metadata"]["labels"].get("stix-cluster-id")
        if ours and (there["metadata"].get("labels") or {}).get("stix-cluster-id") == ours:
            return there
        raise Failure(
            "provision.config",
            "%s %r of namespace %s belongs to somebody else" % (kind, name, self.namespace),
            "Choose another cluster name or namespace.",
            {"scope": "", "region": self.context, "provider_code": "AlreadyExists"},
        )

    def change(self, kind, name, parts):
        """Change parts of an object, `{"spec": {...}}`; lists are replaced."""
        merge = {"content_type": "application/merge-patch+json"}
        return self._request("patch", "%s/%s" % (self._path(kind), name), body=parts, **merge)

    def delete(self, kind, name, grace=None, uid=""):
        """Remove an object; one that is gone is fine, and with a `uid` one that only has its name."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            self._request("delete", "%s/%s" % (self._path(kind), name), body=body)
        except Failure as failure:
            if failure.details.get("provider_code") not in ("NotFound", "Conflict" if uid else "NotFound"):
                raise

    def may(self, verb, resource, subresource=""):
        """Whether the account may do that in the namespace."""
        asked = {"verb": verb, "resource": resource, "subresource": subresource, "namespace": self.namespace}
        spec = {"resourceAttributes": asked}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
        answer = self._request("post", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=body)
        return bool(answer["status"].get("allowed"))

    def post(self, path, body):
        """What the server answers to a question that is an object."""
        return self._request("post", path, body=body)

    def token(self):
        """The bearer token that is shown to the server; empty where a certificate is."""
        shown = (self._client.configuration.api_key or {}).get("authorization") or ""
        return shown.partition(" ")[2] or shown

    def version(self):
        """The server's own version."""
        return self._request("get", "/version").get("gitVersion") or ""

    def _path(self, kind):
        if kind == "nodes":
            return GROUPS[kind] + "/" + kind
        return "%s/namespaces/%s/%s" % (GROUPS.get(kind, "/api/v1"), self.namespace, kind)

    def _request(self, method, path, body=None, query=(), **extra):
        extra.update({"_request_timeout": (CONNECT_SECONDS, SECONDS), "serialize": False})
        answer = self._guarded(
            lambda: self._client.client.request(method, path, body=body, query_params=list(query), **extra)
        )
        return json.loads(answer.data)

    def _guarded(self, do):
        try:
            return do()
        except Failure:
            raise
        except Exception as error:  # the client's own, urllib3's, yaml's and those of login helpers
            failure = classify(error, self.context)
            end = expired(self.token()) if failure.code == "provision.auth" and self._client else ""
            if end:
                failure.message = "The token of context %s expired at %s" % (self.context, end)
            raise failure from error


def meant(kubeconfig, context):
    """`(context, namespace, user)` that a kubeconfig means.

    Raises:
        Failure: provision.config, when there is no such context.
    """
    names, current = contexts(kubeconfig)
    wanted = context or current
    if not names and not context and os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "", "default", ""  # inside a pod, as its service account
    if wanted not in names:
        known = ", ".join(sorted(names)) or "none"
        raise Failure(
            "provision.config",
            "There is no Kubernetes context %r" % wanted if wanted else "No kubeconfig was found",
            "Contexts: %s. KUBECONFIG names another file." % known,
            {"scope": "region", "region": wanted, "provider_code": "NoContext"},
        )
    return (wanted, *names[wanted])
