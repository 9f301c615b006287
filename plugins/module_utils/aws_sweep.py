"""Removes things of a survey, in the order that they need: what holds another goes first."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.aws_api import GONE, HELD
from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_instances import is_alive
from ansible_collections.stix.core.plugins.module_utils.aws_network import named
from ansible_collections.stix.core.plugins.module_utils.aws_survey import Survey

DELETES = {
    "disk": ("delete_volume", "VolumeId"),
    "nic": ("delete_network_interface", "NetworkInterfaceId"),
    "address": ("release_address", "AllocationId"),
    "firewall": ("delete_security_group", "GroupId"),
    "group": ("delete_placement_group", "GroupName"),
    "key": ("delete_key_pair", "KeyPairId"),
}
"""Kind -> method and its option, in the order of removal; spot requests and machines go before."""

SHORT_WAIT = 10.0
"""Seconds to wait for what is held by something else than the machines of this sweep."""


def sweep(clients, things, check, wait_seconds):
    """Removes what is ours of `things`; answers `(whether anything was there, what is left)`.

    Args:
        clients: region -> client of EC2.
        things: as a survey reported them; `id` and `region` count.
    """
    wanted = {}
    for one in things:
        wanted.setdefault(one["region"], set()).add(one["id"])
    found = Survey(clients, {"config": {}, "private_key_file": ""}).things()
    silent = {one["region"]: one["details"] for one in found if one["kind"] == "unreachable"}
    ours = [one for one in found if one["id"] in wanted.get(one["region"], ()) and one["state"] != "gone"]
    seen = {(one["region"], one["id"]) for one in ours}
    unknown = [
        {**one, "details": {**one.get("details", {}), **silent[one["region"]]}}
        for one in things
        if one["region"] in silent and (one["region"], one["id"]) not in seen
    ]
    left = ours
    if not check:
        regions = [Region(client, region, wait_seconds) for region, client in clients.items()]
        with ThreadPoolExecutor(max(1, len(regions))) as pool:
            rests = pool.map(lambda one: one.remove([each for each in ours if each["region"] == one.name]), regions)
        left = [one for rest in rests for one in rest]
    return bool(ours), [*left, *unknown]


class Region:
    """One region in which things are removed."""

    def __init__(self, ec2, name, wait_seconds):
        self.ec2 = ec2
        self.name = name
        self.until = time.monotonic() + wait_seconds

    def remove(self, things):
        """Removes them; answers those that are left, with the reason in their details."""
        try:
            return self._remove(things)
        except Exception as error:  # one region that breaks off does not hide what is left in the others
            return [_kept(one, classify_exception(error, region=self.name)) for one in things]

    def _remove(self, things):
        machines = [one for one in things if one["kind"] == "machine"]
        requests = [one for one in things if one["kind"] == "spot_request"]
        left = self._cancel(requests, [one["details"]["request"] for one in machines if "request" in one["details"]])
        left += self._terminate(machines)
        for kind, (method, option) in DELETES.items():
            for one in things:
                if one["kind"] == kind:
                    until = self.until if machines and not one["shared"] else time.monotonic() + SHORT_WAIT
                    left += self._delete(one, method, {option: one["details"].get("group", one["id"])}, until)
        return left

    def _cancel(self, requests, more):
        """Cancels spot requests, those of machines included: a persistent one would ask for another machine."""
        ids = [*(one["id"] for one in requests), *more]
        failure = self._try("cancel_spot_instance_requests", {"SpotInstanceRequestIds": ids}) if ids else None
        return [_kept(one, failure) for one in requests] if failure else []

    def _terminate(self, machines):
        """Terminates machines and waits until they are; one that refuses does not keep the others."""
        ids = [one["id"] for one in machines]
        refused = {}
        if ids and self._try("terminate_instances", {"InstanceIds": ids}):
            refused = {one: self._try("terminate_instances", {"InstanceIds": [one]}) for one in ids}
            refused = {one: failure for one, failure in refused.items() if failure}
        late = self._wait([one for one in ids if one not in refused])
        rest = []
        for one in machines:
            if one["id"] in refused:
                rest.append(_kept(one, refused[one["id"]]))
            elif one["id"] in late:
                rest.append({**one, "details": {**one["details"], "reason": "it is being terminated still"}})
        return rest

    def _wait(self, ids):
        """Those that are not terminated in time."""
        pause = 0.3
        while ids:
            pages = self.ec2.get_paginator("describe_instances").paginate(Filters=named({"instance-id": ids}))
            now = [one for page in pages for each in page["Reservations"] for one in each["Instances"]]
            ids = [one["InstanceId"] for one in now if one["State"]["Name"] != "terminated"]
            if time.monotonic() > self.until:
                return [one["InstanceId"] for one in now if is_alive(one)]
            if ids:
                time.sleep(pause)
                pause = min(pause * 1.5, 3.0)
        return []

    def _delete(self, one, method, options, until):
        while True:
            failure = self._try(method, options)
            if not failure:
                return []
            if not re.fullmatch(HELD, failure.details["provider_code"]) or time.monotonic() > until:
                return [_kept(one, failure)]
            time.sleep(1.0)

    def _try(self, method, options):
        """The failure of a call, or None; what is gone already is none."""
        try:
            getattr(self.ec2, method)(**options)
        except Exception as error:
            failure = classify_exception(error, region=self.name)
            return None if re.fullmatch(GONE, failure.details["provider_code"]) else failure
        return None


def _kept(one, failure):
    return {**one, "details": {**one["details"], "reason": failure.message, "code": failure.code}}
