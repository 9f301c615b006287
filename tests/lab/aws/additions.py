"""What moto lacks of EC2, or has otherwise, added to it in the shape of the real API: `add()` before it serves.

Filters of several tag keys, and with wildcards; the spot request of each spot machine; placement groups, capacity
reservations; quotas of EC2; vCPUs of instances; refusal of public addresses with several network interfaces.
"""

import fnmatch
import secrets
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ec2 import utils
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance
from moto.ec2.models.spot_requests import SpotRequestBackend
from moto.ec2.responses import EC2Response
from moto.ec2.responses.instances import InstanceResponse
from moto.servicequotas.models import ServiceQuotasBackend


def add() -> None:
    """Add everything."""
    _match_filters()
    _make_spot_requests()
    _have_placement_groups()
    _have_reservations()
    Instance.cpu_options = property(_cpu_options)
    ServiceQuotasBackend.get_service_quota = _quota


def _match_filters() -> None:
    """A filter matches when one of its values does, which may have `*`; moto wants all tag keys, and whole values."""
    single = utils.is_filter_matching

    def is_filter_matching(obj: Any, name: str, values: Any) -> bool:
        if name == "tag-key" and isinstance(values, list):
            return any(single(obj, name, [value]) for value in values)
        return bool(single(obj, name, values))

    utils.is_filter_matching = is_filter_matching
    exact = utils.instance_value_in_filter_values

    def matches(value: Any, wanted: Any) -> bool:
        if isinstance(value, str) and isinstance(wanted, list):
            return any(fnmatch.fnmatchcase(value, pattern) for pattern in wanted)
        return bool(exact(value, wanted))

    utils.instance_value_in_filter_values = matches


class SpotRequest(TaggedEC2Resource):
    """The request that RunInstances makes for a spot machine; a persistent one stays open when its machine ends."""

    def __init__(self, backend: Any, instance: Any, kind: str) -> None:
        self.ec2_backend = backend
        self.id = self.spot_instance_request_id = "sir-" + secrets.token_hex(4)
        self.instance = instance
        self.type = kind
        self.create_time = datetime.now(UTC)
        self.cancelled = False

    @property
    def instance_id(self) -> str:
        return str(self.instance.id)

    @property
    def state(self) -> str:
        if self.cancelled:
            return "cancelled"
        if self.instance._state.name not in ("terminated", "shutting-down"):
            return "active"
        return "open" if self.type == "persistent" else "closed"


def _make_spot_requests() -> None:
    run = InstanceResponse.run_instances

    def run_instances(self: InstanceResponse) -> ActionResult:
        _refuse_what_ec2_refuses(self)
        answer = run(self)
        _take_from_reservation(self, answer.result.instances)
        if self._get_param("InstanceMarketOptions.MarketType") == "spot":
            kind = self._get_param("InstanceMarketOptions.SpotOptions.SpotInstanceType") or "one-time"
            tags = self._parse_tag_specification().get("spot-instances-request", {})
            for instance in answer.result.instances:
                request = SpotRequest(self.ec2_backend, instance, kind)
                request.add_tags(tags)
                self.ec2_backend.spot_instance_requests[request.id] = request
                instance.spot_instance_request_id = request.id
        return answer

    def cancel(self: SpotRequestBackend, request_ids: list[str]) -> list[Any]:
        found = [self.spot_instance_requests[identity] for identity in request_ids]
        for request in found:
            request.cancelled = True
        return found

    InstanceResponse.run_instances = run_instances
    SpotRequestBackend.cancel_spot_instance_requests = cancel


def _refuse_what_ec2_refuses(call: InstanceResponse) -> None:
    cards = call._get_param("NetworkInterfaces", [])
    if len(cards) > 1 and any("AssociatePublicIpAddress" in card for card in cards):
        words = "associatePublicIPAddress cannot be specified when launching with multiple network interfaces."
        raise EC2ClientError("InvalidParameterCombination", words)
    group = call._get_param("Placement.GroupName")
    if group and group not in PLACEMENT_GROUPS[call.region]:
        raise EC2ClientError("InvalidPlacementGroup.Unknown", f"The Placement Group '{group}' is unknown.")


class PlacementGroup(TaggedEC2Resource):
    """A placement group."""

    def __init__(self, backend: Any, name: str, strategy: str) -> None:
        self.ec2_backend = backend
        self.id = self.group_id = "pg-" + secrets.token_hex(8)
        self.group_name = name
        self.strategy = strategy
        self.state = "available"


PLACEMENT_GROUPS: dict[str, dict[str, PlacementGroup]] = defaultdict(dict)
"""Region -> name -> group."""


def _have_placement_groups() -> None:
    def create(self: EC2Response) -> ActionResult:
        name = self._get_param("GroupName")
        if name in PLACEMENT_GROUPS[self.region]:
            raise EC2ClientError("InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists.")
        group = PlacementGroup(self.ec2_backend, name, self._get_param("Strategy"))
        group.add_tags(self._parse_tag_specification().get("placement-group", {}))
        PLACEMENT_GROUPS[self.region][name] = group
        return ActionResult({"PlacementGroup": group})

    def describe(self: EC2Response) -> ActionResult:
        groups = list(PLACEMENT_GROUPS[self.region].values())
        return ActionResult({"PlacementGroups": utils.generic_filter(self._filters_from_querystring(), groups)})

    def delete(self: EC2Response) -> ActionResult:
        name = self._get_param("GroupName")
        if name not in PLACEMENT_GROUPS[self.region]:
            raise EC2ClientError("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
        del PLACEMENT_GROUPS[self.region][name]
        return ActionResult({})

    EC2Response.create_placement_group = create
    EC2Response.describe_placement_groups = describe
    EC2Response.delete_placement_group = delete


RESERVATIONS: dict[str, dict[str, Any]] = {}
"""Id of a capacity reservation -> it, as EC2 describes it, and its `region`."""


def _have_reservations() -> None:
    def create(self: EC2Response) -> ActionResult:
        count = int(self._get_param("InstanceCount"))
        made = {
            "CapacityReservationId": "cr-" + secrets.token_hex(8),
            "InstanceType": self._get_param("InstanceType"),
            "AvailabilityZone": self._get_param("AvailabilityZone"),
            "TotalInstanceCount": count,
            "AvailableInstanceCount": count,
            "State": "active",
            # What CreateCapacityReservation makes is never a block; a test asks for one by a tag.
            "ReservationType": "capacity-block" if "block" in str(self._parse_tag_specification()) else "default",
        }
        RESERVATIONS[made["CapacityReservationId"]] = made | {"region": self.region}
        return ActionResult({"CapacityReservation": made})

    def describe(self: EC2Response) -> ActionResult:
        here = {key: one for key, one in RESERVATIONS.items() if one["region"] == self.region}
        ids = self._get_param("CapacityReservationIds", [])
        for one in ids:
            if one not in here:
                raise EC2ClientError("InvalidCapacityReservationId.NotFound", f"The reservation {one} is unknown")
        filters = self._filters_from_querystring()
        found = [here[one] for one in ids or here]
        for name, key in (("instance-type", "InstanceType"), ("state", "State")):
            found = [one for one in found if one[key] in filters.get(name, [one[key]])]
        return ActionResult({"CapacityReservations": found})

    EC2Response.create_capacity_reservation = create
    EC2Response.describe_capacity_reservations = describe


def _take_from_reservation(call: InstanceResponse, instances: list[Any]) -> None:
    key = "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"
    identity = call._get_param(key)
    if identity:
        RESERVATIONS[identity]["AvailableInstanceCount"] -= len(instances)


def _cpu_options(instance: Instance) -> dict[str, int]:
    about = INSTANCE_TYPES.get(instance.instance_type, {}).get("VCpuInfo", {})
    threads = about.get("DefaultThreadsPerCore", 1)
    return {"CoreCount": about.get("DefaultVCpus", 1) // threads, "ThreadsPerCore": threads}


QUOTAS: dict[str, float] = {}
"""Code of a quota of EC2 -> vCPUs; -1: nobody may look. Absent: more than enough."""


def _quota(backend: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
    value = QUOTAS.get(quota_code, 100000.0)
    if value < 0:
        words = f"User: u is not authorized to perform: servicequotas:GetServiceQuota on {quota_code}"
        raise JsonRESTError("AccessDeniedException", words)
    return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": value}
