"""Waits until a node can be worked on, and says how it is: one exec a try."""

import json
import time
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction

LOOK = r"""
c=none
if command -v cloud-init >/dev/null 2>&1; then
  c=$(cloud-init status 2>/dev/null | sed -n 's/^status: //p'); c=${c:-none}
fi
s=no
if [ "$(id -u)" = 0 ]; then s=root; elif sudo -n true 2>/dev/null; then s=sudo; fi
printf '{"cloud_init": "%s", "sudo": "%s", "now": %s, "python": "%s"}\n' "$c" "$s" "$(date +%s)" "$PY"
"""
BUSY = ("running", "not run", "not started")
PAUSE = 2.0


class ActionModule(NodeAction):
    """Changes nothing, in check mode too."""

    OPTIONS = {
        "home": {"type": "str", "default": "~/.stix/agent"},
        "seconds": {"type": "int", "default": 300},
        "clock_seconds": {"type": "int", "default": 60},
        "sudo": {"type": "bool", "default": True},
    }

    def act(self) -> dict[str, Any]:
        """What the node says: `{python, cloud_init, clock_seconds, sudo}`."""
        self.vars = {"stix_boot_seconds": self.args["seconds"], **self.vars}
        until = time.monotonic() + self.args["seconds"]
        while True:
            began = time.time()
            found = json.loads(self.execute(LOOK).output.decode(errors="replace").strip().splitlines()[-1])
            middle = (began + time.time()) / 2
            if found["cloud_init"] not in BUSY or time.monotonic() > until:
                break
            time.sleep(PAUSE)
        skew = round(found.pop("now") + 0.5 - middle, 1)
        self._check(found, skew)
        return {"changed": False, **found, "clock_seconds": skew}

    def _check(self, found: dict[str, Any], skew: float) -> None:
        about = {"host": self.host, **found, "clock_seconds": skew}
        if found["cloud_init"] in BUSY:
            raise Failure(
                "setup.failed", f"cloud-init still works on '{self.host}'", "Wait longer: node_wait_seconds.", about
            )
        if abs(skew) > self.args["clock_seconds"]:
            raise Failure(
                "setup.failed",
                f"The clock of '{self.host}' is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}",
                "Set it (chrony, systemd-timesyncd): tokens and certificates depend on it.",
                about,
            )
        if self.args["sudo"] and found["sudo"] == "no":
            raise Failure(
                "setup.failed",
                f"The login on '{self.host}' is neither root nor may it use sudo without a password",
                "Allow it, or set node_wait_sudo to false where nothing has to be installed.",
                about,
            )
