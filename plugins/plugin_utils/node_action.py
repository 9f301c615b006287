"""The base of our actions: one exec over the connection instead of a module run (30 ms, not 500)."""

import json
import secrets
import shlex
import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.ssh_errors import classify
from ansible_collections.stix.core.plugins.plugin_utils import shell

BOOTING = ("node.unreachable", "node.auth")
"""What a machine that is still booting looks like: no sshd yet, or no keys yet."""


class NodeAction(ActionBase):
    """Subclasses define `OPTIONS` (an argument spec) and `act`, which returns the result or raises `Failure`."""

    TRANSFERS_FILES = False
    OPTIONS: dict[str, dict[str, Any]] = {}

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Checks the arguments, acts, and turns what went wrong into data."""
        del tmp
        self._supports_check_mode = True
        self._supports_async = False
        self.vars = task_vars or {}
        self.host = str(self.vars.get("inventory_hostname", ""))
        result = super().run(None, task_vars)
        _, self.args = self.validate_argument_spec(argument_spec=self.OPTIONS)
        try:
            result.update(self.act())
        except AnsibleConnectionFailure as error:
            result.update(unreachable(classify(str(error), self.host)))
        except Failure as failure:
            gone = failure.code.startswith("node.")
            result.update(unreachable(failure) if gone else failure.result())
        return result

    def act(self) -> dict[str, Any]:
        """The result of the task.

        Raises:
            Failure: what went wrong.
        """
        raise NotImplementedError

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be changed."""
        return bool(self._task.check_mode)

    def execute(self, body: str, data: bytes = b"") -> shell.Answer:
        """Runs shell text on the node, with `$PY` a Python of at least 3.8 and `$H` the agent's folder.

        A node may take `stix_boot_seconds` (a variable of the host) until it can be reached.

        Args:
            body: shell text; may read `data` from its standard input.
            data: bytes for the standard input.

        Raises:
            Failure: `setup.python`, or `node.*` when the connection broke.
        """
        until = time.monotonic() + float(self.vars.get("stix_boot_seconds") or 0)
        while True:
            try:
                return self._execute(body, data)
            except (AnsibleConnectionFailure, Failure) as error:
                failure = error if isinstance(error, Failure) else classify(str(error), self.host)
                if failure.code not in BOOTING or time.monotonic() > until:
                    raise
            time.sleep(0.5)

    def _execute(self, body: str, data: bytes) -> shell.Answer:
        mark = f"@@stix-{secrets.token_hex(6)}"
        line = shell.command(self.args["home"], body, mark, self._interpreter())
        # Without input the ssh plugin would hand over a terminal; a line nobody reads avoids that.
        status, stdout, stderr = self._connection.exec_command(line, in_data=data or b"\n", sudoable=False)
        answer = shell.parse(_bytes(stdout), mark, self.host)
        if answer is None:
            text = _bytes(stderr).decode(errors="replace") or _bytes(stdout).decode(errors="replace")
            raise classify(text or f"the shell ended with status {status}", self.host)
        self.stderr = _bytes(stderr).decode(errors="replace").strip()
        return answer

    def upload(self, file: Path, name: str) -> str:
        """Puts a file into the agent's folder; answers its name there, which nothing else has, as a shell word.

        Raises:
            Failure: `sync.failed`, the folder cannot be written to.
        """
        answer = self.execute('umask 077; mkdir -p "$H/tmp" && cd "$H/tmp" && pwd')
        if answer.status != 0:
            raise Failure(
                "sync.failed", f"The agent's folder on '{self.host}' cannot be written to", "", {"host": self.host}
            )
        remote = f"{answer.output.decode().strip()}/{secrets.token_hex(6)}-{name}"
        self._connection.put_file(str(file), remote)
        return shlex.quote(remote)

    def agent(self, verb: str, data: bytes = b"") -> dict[str, Any]:
        """What the installed agent answers to one verb, as data.

        Args:
            verb: shell words after `--home HOME`.
            data: the verb's standard input.

        Raises:
            Failure: the agent's own error, or `agent.unreachable` when none is installed.
        """
        body = (
            'if [ -f "$H/skylet.pyz" ]; then "$PY" "$H/skylet.pyz" --home "$H" ' + verb + "\n"
            """else printf '{"installed": false, "python": "%s"}' "$PY"; fi"""
        )
        answer = self.decode(self.execute(body, data))
        if answer.get("installed") is False and not verb.startswith("probe"):
            raise Failure(
                "agent.unreachable",
                f"The agent is not installed on '{self.host}'",
                "Run the playbook stix.core.setup first.",
                {"host": self.host},
            )
        return answer

    def agent_or_none(self, verb: str, data: bytes = b"") -> dict[str, Any] | None:
        """As `agent`; None in check mode where none is installed, as then an earlier task would have installed it."""
        try:
            return self.agent(verb, data)
        except Failure as failure:
            if not self.check_mode or failure.code != "agent.unreachable":
                raise
            return None

    def call(self, request: str, params: dict[str, Any]) -> dict[str, Any]:
        """What the agent's daemon answers to a request (docs/concepts/contracts.md, section 4).

        Raises:
            Failure: the agent's own error.
        """
        line = json.dumps({"request": request, **params}) + "\n"
        result: dict[str, Any] = self.agent("call", line.encode())["result"]
        return result

    def decode(self, answer: shell.Answer) -> dict[str, Any]:
        """The JSON object in an answer; `{"error": {...}}` in it is raised.

        Raises:
            Failure: the error that the node reported, or `agent.protocol` when it printed something else.
        """
        text = answer.output.decode(errors="replace").strip()
        for line in reversed(text.splitlines()):
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                if isinstance(value.get("error"), dict):
                    raise self._failed(value["error"])
                return value
        raise Failure(
            "agent.protocol",
            f"The agent on '{self.host}' gave no answer that can be read",
            "Run the playbook stix.core.setup again.",
            {"status": answer.status, "stdout": text[-2000:], "stderr": self.stderr[-2000:]},
        )

    def _failed(self, record: dict[str, Any]) -> Failure:
        failure = Failure.from_record(record)
        failure.details.setdefault("host", self.host)
        return failure

    def _interpreter(self) -> str | None:
        value = self.vars.get("ansible_python_interpreter")
        if not value:
            return None
        path = str(self._templar.template(value))
        return path if "/" in path else None


class ControllerAction(NodeAction):
    """An action that never touches the node."""

    def execute(self, body: str, data: bytes = b"") -> shell.Answer:
        """Not for actions of the controller."""
        raise AnsibleError("an action of the controller runs nothing on a node")


def unreachable(failure: Failure) -> dict[str, Any]:
    """The result that makes Ansible call the host unreachable, with the reason as data."""
    return {"unreachable": True, "msg": failure.message, "stix_error": failure.record()}


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
