"""What can be known before a create is sent: in which zones a type is offered, and whether the quota allows it."""

import re

from ansible_collections.stix.core.plugins.module_utils.aws_network import named
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

STANDARD = frozenset(("a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"))
QUOTAS = (
    (STANDARD, "", "L-1216C47A", "L-34B43A08", "Standard (A, C, D, H, I, M, R, T, Z)"),
    (("g", "gr", "vt"), "", "L-DB2E81BA", "L-3819A6DF", "G and VT"),
    (("p",), "[2-4]", "L-417A185B", "L-7212CCBC", "P4, P3 and P2"),
    (("p",), "5", "L-417A185B", "L-C4BD4855", "P5"),
    (("p",), "", "L-417A185B", "", "P"),
    (("f",), "", "L-74FC7D96", "L-88CF9481", "F"),
    (("x",), "", "L-7295265B", "L-E3A00192", "X"),
    (("dl",), "", "L-6E869C2A", "L-85EED4F7", "DL"),
    (("inf",), "", "L-1945791B", "L-B5D1601B", "Inf"),
    (("trn",), "", "L-2C3B7624", "L-6B0D517C", "Trn"),
    (("u",), "", "L-43DA4232", "", "High Memory"),
    (("hpc",), "", "L-F7808C92", "", "HPC"),
)
"""(letters of the family, pattern of its generation, code of the on-demand quota, of the spot quota, what it covers).

Codes as Service Quotas lists them for ec2; each counts vCPUs in one region.
"""


def quota_of(kind, spot):
    """`(code, what it covers)` of the quota that an instance type counts for; None where none is known."""
    letters, generation = re.match(r"([a-z]+)(?:-?(\d))?", kind).groups()
    for families, pattern, on_demand, of_spot, words in QUOTAS:
        if letters in families and re.match(pattern, generation or ""):
            code = of_spot if spot else on_demand
            return (code, words) if code else None
    return None


class Offer:
    """Asks, in threads of `pool`, while other things are looked up.

    What cannot be found out rules nothing out: EC2's own answer to the create counts.

    Args:
        api: EC2.
        kind: the instance type.
        spot: whether spot machines are wanted.
        quotas: a client of Service Quotas, or None: the quota does not matter.
    """

    def __init__(self, api, pool, kind, spot, quotas):
        self.region, self.kind, self.spot = api.region, kind, spot
        self.quota = quota_of(kind, spot) if quotas else None
        self._zones = pool.submit(self._offered, api)
        self._limit = self._used = None
        if self.quota:
            self._limit = pool.submit(self._value, quotas)
            self._used = pool.submit(self._usage, api)

    def refusal(self, zone):
        """Why a zone need not be tried, as a failure; None when it may have room."""
        zones = self._zones.result()
        if zones is None or zone in zones:
            return None
        where = {"scope": "zone", "zone": zone, "region": self.region}
        hint = "It is offered in: %s." % (", ".join(sorted(zones)) or "no zone of this region")
        return Failure("provision.no_capacity", "AWS %s does not offer %s" % (zone, self.kind), hint, where)

    def require_quota(self, count, vcpus):
        """Makes sure that so many machines with so many vCPUs each are within the quota.

        Raises:
            Failure: `provision.quota`.
        """
        limit = self._limit.result() if self._limit else None
        used = self._used.result() if self._used else None
        if limit is None or not vcpus or count * vcpus + (used or 0) <= limit:
            return
        code, words = self.quota
        market = "spot" if self.spot else "on-demand"
        raise Failure(
            "provision.quota",
            "AWS %s: %d x %s needs %d vCPUs, but the account's %s quota of %s is %d, of which %s are used"
            % (self.region, count, self.kind, count * vcpus, market, words, limit, "?" if used is None else used),
            "Ask for more: aws service-quotas request-service-quota-increase --service-code ec2 --quota-code %s "
            "--desired-value N --region %s" % (code, self.region),
            {"scope": "region", "region": self.region, "quota": code, "limit": limit, "used": used},
        )

    def _offered(self, api):
        try:
            pages = api.ec2.get_paginator("describe_instance_type_offerings").paginate(
                LocationType="availability-zone", Filters=named({"instance-type": self.kind})
            )
            return {one["Location"] for page in pages for one in page["InstanceTypeOfferings"]}
        except Exception:
            return None

    def _value(self, quotas):
        try:
            found = quotas.get_service_quota(ServiceCode="ec2", QuotaCode=self.quota[0])
            return int(found["Quota"]["Value"])
        except Exception:
            return None

    def _usage(self, api):
        """vCPUs of what runs and counts for the same quota; None when that is not told."""
        letters = re.match(r"[a-z]+", self.kind).group()
        first = sorted({one[0] for one in STANDARD}) if letters in STANDARD else [letters[0]]
        words = {"instance-state-name": ["pending", "running"], "instance-type": [letter + "*" for letter in first]}
        try:
            pages = api.ec2.get_paginator("describe_instances").paginate(Filters=named(words))
            every = [one for page in pages for each in page["Reservations"] for one in each["Instances"]]
        except Exception:
            return None
        return sum(vcpus(one) for one in every if self._counts(one))

    def _counts(self, one):
        market = one.get("InstanceLifecycle") or ""
        same = market == ("spot" if self.spot else "")
        free = (one.get("Placement") or {}).get("Tenancy") == "host"  # hosts of one's own have quotas of their own
        return same and not free and quota_of(one["InstanceType"], self.spot) == self.quota


def vcpus(one):
    """How many vCPUs a machine has; 0 where that is not told."""
    cores = one.get("CpuOptions") or {}
    return (cores.get("CoreCount") or 0) * (cores.get("ThreadsPerCore") or 1)
