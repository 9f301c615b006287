"""What moto lacks of EC2, or has otherwise, added to it in the shape of the real API: `add()` before it serves.

Filters of tag keys with several values; the spot request of each spot machine.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2 import utils
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.spot_requests import SpotRequestBackend
from moto.ec2.responses.instances import InstanceResponse


def add() -> None:
    """Add everything."""
    _match_any_tag_key()
    _make_spot_requests()


def _match_any_tag_key() -> None:
    """A filter matches when one of its values does; moto wants all of them."""
    single = utils.is_filter_matching

    def is_filter_matching(obj: Any, name: str, values: Any) -> bool:
        if name == "tag-key" and isinstance(values, list):
            return any(single(obj, name, [value]) for value in values)
        return bool(single(obj, name, values))

    utils.is_filter_matching = is_filter_matching


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
        answer = run(self)
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
