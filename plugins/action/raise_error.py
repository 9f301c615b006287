"""Fails with an error as data: the second of the two words in which Ansible answers."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.error_codes import ERROR_CODES
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.node_action import ControllerAction


class ActionModule(ControllerAction):
    """Fails with a `stix_error`; in a rescue, the failed task's own `stix_error` wins."""

    OPTIONS = {
        "code": {"type": "str", "required": True, "choices": sorted(ERROR_CODES)},
        "message": {"type": "str", "required": True},
        "hint": {"type": "str", "default": ""},
        "retryable": {"type": "bool", "default": False},
        "details": {"type": "dict", "default": {}},
        "cause": {"type": "dict", "default": {}},
    }

    def act(self) -> dict[str, Any]:
        """Never returns.

        Raises:
            Failure: always.
        """
        args = self.args
        inner = args["cause"].get("stix_error")
        if inner:
            raise Failure.from_record(inner)
        details = dict(args["details"])
        if args["cause"]:
            details.setdefault("cause", str(args["cause"].get("msg", ""))[-2000:])
        raise Failure(args["code"], args["message"], args["hint"], details, args["retryable"])
