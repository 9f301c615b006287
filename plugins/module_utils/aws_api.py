"""Calls of EC2 with failures as ours, and waiting for machines."""

import re
import time

from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify, classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_instances import address, is_alive
from ansible_collections.stix.core.plugins.module_utils.aws_network import named
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

GONE = r"Invalid\w*\.(NotFound|Unknown|Malformed)"
HELD = r"DependencyViolation|VolumeInUse|Invalid\w+\.InUse|IncorrectState|InvalidParameterValue"
"""EC2's codes of what is not there any more, and of what something that is just ending still uses."""


class Api:
    """EC2 in one region.

    Args:
        client: makes a client of a service; `client("ec2", once=True)` one that never repeats a call by itself.
        region: the region's name.
        wait_seconds: how long all waiting together may take.
        internal: whether machines are reached by their private addresses.
    """

    def __init__(self, client, region, wait_seconds, internal):
        self.client = client
        self.ec2 = client("ec2")
        self.region = region
        self.wait_seconds = wait_seconds
        self.internal = internal
        self.deadline = time.monotonic() + wait_seconds

    def call(self, method, zone="", **options):
        """Calls a method of the client.

        Raises:
            Failure: `provision.*`.
        """
        try:
            return getattr(self.ec2, method)(**options)
        except Exception as error:
            raise classify_exception(error, region=self.region, zone=zone) from error

    def instances(self, **filters):
        """Instances, all pages of them; filters as EC2 names them, with `_` for `-`."""
        words = named({name.replace("_", "-", 1): value for name, value in filters.items()})
        pages = self.ec2.get_paginator("describe_instances").paginate(Filters=words)
        reservations = [each for page in pages for each in page["Reservations"]]
        return [{**one, "OwnerId": each.get("OwnerId", "")} for each in reservations for one in each["Instances"]]

    def wait(self, ids, zone="", state="running", internal=None):
        """Waits until all are in a state, and have an address when they are to run.

        Args:
            internal: whether the private address is enough; None: as the cluster's machines are reached.

        Raises:
            Failure: one of them ended, or it took too long.
        """
        pause = 0.3
        while ids:
            now = self.instances(instance_id=sorted(ids))
            dead = [one for one in now if not is_alive(one)]
            if dead:
                raise self._why(dead[0], zone)
            if len(now) == len(ids) and all(self._is(one, state, internal) for one in now):
                return
            if time.monotonic() > self.deadline:
                raise self._late(now, zone, state)
            time.sleep(pause)
            pause = min(pause * 1.5, 3.0)

    def _is(self, one, state, internal):
        near = self.internal if internal is None else internal
        return one["State"]["Name"] == state and (state != "running" or bool(address(one, near)))

    def _why(self, one, zone):
        reason = one.get("StateReason") or {}
        return classify(
            reason.get("Code") or "InsufficientInstanceCapacity",
            reason.get("Message") or "%s ended at once" % one["InstanceId"],
            region=self.region,
            zone=zone or one["Placement"]["AvailabilityZone"],
        )

    def _late(self, now, zone, state):
        states = ", ".join("%s %s" % (one["InstanceId"], one["State"]["Name"]) for one in now) or "none is to be seen"
        return Failure(
            "provision.transient",
            "AWS %s: machines were not %s after %d s (%s)" % (zone or self.region, state, self.wait_seconds, states),
            "Try again.",
            {"scope": "zone" if zone else "region", "zone": zone, "region": self.region},
            True,
        )

    def terminate(self, instances):
        """Terminates them; a persistent spot request goes first, it would ask for another machine.

        Raises:
            Failure: `provision.*`.
        """
        requests = [one["SpotInstanceRequestId"] for one in instances if one.get("SpotInstanceRequestId")]
        if requests:
            self.call("cancel_spot_instance_requests", SpotInstanceRequestIds=requests)
        if instances:
            self.call("terminate_instances", InstanceIds=[one["InstanceId"] for one in instances])

    def delete_when_free(self, thing, ids):
        """Deletes what a cluster has as soon as no machine of `ids` uses it any more.

        Args:
            thing: it has a `name` and can `delete()`.

        Raises:
            Failure: `provision.transient`, they took too long.
        """
        until = max(self.deadline, time.monotonic() + 60)
        while True:
            left = (
                [one for one in self.instances(instance_id=ids) if one["State"]["Name"] != "terminated"] if ids else []
            )
            if not left and self._deleted(thing, until):
                return
            if left and time.monotonic() > until:
                raise Failure(
                    "provision.transient",
                    "AWS %s: %d machines are not terminated yet, so %s is left" % (self.region, len(left), thing.name),
                    "Run it again in a minute.",
                    {"scope": "region", "region": self.region},
                    True,
                )
            time.sleep(1.0)

    def _deleted(self, thing, until):
        try:
            thing.delete()
        except Exception as error:
            failure = classify_exception(error, region=self.region)
            code = failure.details["provider_code"]
            if re.fullmatch(GONE, code):
                return True
            if not re.fullmatch(HELD, code) or time.monotonic() > until:
                raise failure from error
            return False
        return True

    def undo(self, instances, things, failure):
        """Removes what a call made before it failed, unless nobody knows why it did.

        What cannot be removed carries our tags; the failure that led here is what has to be told.
        """
        if failure.code == "provision.unknown":
            return
        try:
            self.terminate(instances)
            for thing in things:
                self.delete_when_free(thing, [one["InstanceId"] for one in instances])
        except Exception:
            pass
