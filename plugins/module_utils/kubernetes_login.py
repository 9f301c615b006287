"""From a context of the kubeconfig to its API server."""

import socket

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.stix.core.plugins.module_utils.kubernetes_api import CONNECT_SECONDS, Api, meant


def log_in(module, context, namespace=""):
    """A context's API server, for a module with the options of kubernetes.core's authentication and `namespace`.

    Raises:
        Failure: there is no such context, or it does not answer.
    """
    socket.setdefaulttimeout(CONNECT_SECONDS)  # the client's own first question knows no limit
    context, usual, user = meant(module.params["kubeconfig"], context)
    where = namespace or module.params["namespace"] or usual
    return Api(lambda: get_api_client(module, context=context), context, where, user)
