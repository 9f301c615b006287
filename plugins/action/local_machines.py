"""Machines that are folders on this machine: makes, looks at, stops and removes a cluster of them."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.local_cluster import LocalCluster
from ansible_collections.stix.core.plugins.plugin_utils.node_action import ControllerAction


class ActionModule(ControllerAction):
    """Answers `instances` and reports them."""

    OPTIONS = {
        "root": {"type": "path", "required": True},
        "cluster_id": {"type": "str", "required": True},
        "nodes": {"type": "list", "elements": "dict", "default": []},
        "remove_surplus": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "query", "stopped", "absent"], "required": True},
    }

    def act(self) -> dict[str, Any]:
        """`instances`, as they are afterwards.

        Raises:
            Failure: `provision.config` for names that are no folder's or a folder that cannot be written.
        """
        try:
            cluster = LocalCluster(self.args["root"], self.args["cluster_id"])
            changed = self._bring(cluster)
        except OSError as error:
            reason = f"'{error.filename or self.args['root']}' cannot be used: {error.strerror}"
            raise Failure("provision.config", reason, "Check who owns the folder.") from error
        instances = [] if self.args["state"] == "absent" and not self.check_mode else cluster.instances()
        event = {"kind": "instances", "data": instances}
        facts = {"stix_instances": instances}  # as report_event's
        told = {"instances": instances, "stix_event": event, "ansible_facts": facts}
        return {"changed": changed, "diff": cluster.diff, **told}

    def _bring(self, cluster: LocalCluster) -> bool:
        state, check = self.args["state"], self.check_mode
        if state == "present":
            return cluster.ensure(self.args["nodes"], check, self.args["remove_surplus"])
        if state == "stopped":
            return cluster.stop(check)
        return cluster.remove(check) if state == "absent" else False
