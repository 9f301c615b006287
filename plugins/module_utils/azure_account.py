"""Whose subscription it is, and what may be done in it."""

import fnmatch

from ansible_collections.stix.core.plugins.module_utils.azure_login import claims
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

NEEDED = (
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Resources/subscriptions/resourceGroups/write",
    "Microsoft.Resources/subscriptions/resourceGroups/delete",
    "Microsoft.Resources/subscriptions/resources/read",
    "Microsoft.Resources/tags/write",
    "Microsoft.Compute/skus/read",
    "Microsoft.Compute/locations/usages/read",
    "Microsoft.Compute/virtualMachines/read",
    "Microsoft.Compute/virtualMachines/write",
    "Microsoft.Compute/virtualMachines/delete",
    "Microsoft.Compute/virtualMachines/start/action",
    "Microsoft.Compute/virtualMachines/deallocate/action",
    "Microsoft.Compute/disks/write",
    "Microsoft.Compute/disks/delete",
    "Microsoft.Network/networkInterfaces/write",
    "Microsoft.Network/networkInterfaces/join/action",
    "Microsoft.Network/networkSecurityGroups/write",
    "Microsoft.Network/networkSecurityGroups/join/action",
    "Microsoft.Network/networkSecurityGroups/securityRules/write",
    "Microsoft.Network/publicIPAddresses/write",
    "Microsoft.Network/publicIPAddresses/join/action",
    "Microsoft.Network/virtualNetworks/write",
    "Microsoft.Network/virtualNetworks/subnets/join/action",
)
"""What a launch does, as Azure's roles name it."""

PROVIDERS = ("Microsoft.Compute", "Microsoft.Network")


def look(api):
    """`{account, name, who, missing, unregistered}`: the subscription, who asks, permissions and services that lack.

    Raises:
        Failure: `provision.auth` and others: nobody answers, or not to us.
    """
    asked = (
        lambda: api.get(api.root),
        lambda: _allowed(api),
        *(lambda one=one: api.get("%s/providers/%s" % (api.root, one)) for one in PROVIDERS),
    )
    about, grants, *services = api.together(lambda ask: ask(), asked)
    if about is None:
        words = "the subscription %s is not to be seen" % api.subscription
        raise Failure(
            "provision.auth", words, "Set AZURE_SUBSCRIPTION_ID or config azure.subscription_id.", {"scope": "cloud"}
        )
    off = [
        name
        for name, one in zip(PROVIDERS, services, strict=True)
        if (one or {}).get("registrationState") != "Registered"
    ]
    return {
        "account": api.subscription,
        "name": about.get("displayName") or "",
        "who": who(claims(api.token)),
        "missing": [one for one in NEEDED if grants is not None and not may(grants, one)],
        "unregistered": off,
    }


def may(grants, action):
    """Whether one of several grants allows an action: named by its `actions`, not taken away by its `notActions`."""
    return any(_named(grant.get("actions"), action) and not _named(grant.get("notActions"), action) for grant in grants)


def who(found):
    """Who asks, by the claims of the token."""
    return found.get("upn") or found.get("unique_name") or found.get("appid") or found.get("oid") or ""


def _named(patterns, action):
    return any(fnmatch.fnmatchcase(action.lower(), one.lower()) for one in patterns or [])


def _allowed(api):
    """The grants of who asks; None when even that may not be asked."""
    try:
        return api.every(api.root + "/providers/Microsoft.Authorization/permissions")
    except Failure as failure:
        if failure.code != "provision.permission":
            raise
        return None
