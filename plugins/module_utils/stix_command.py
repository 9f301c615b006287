"""The `stix` command as modules call it: words in, JSON out, errors as `Failure`."""

import json
import os
import sys

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

COMMON = {"executable": {"type": "path"}, "home": {"type": "path"}}
"""Options of every module that calls the command."""

TASK = {
    "task": {"type": "dict"},
    "task_file": {"type": "path"},
    "num_nodes": {"type": "int"},
    "envs": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "chdir": {"type": "path"},
}
"""Options of every module that hands over a task."""


class Stix:
    """The command on this machine, for one module.

    Raises:
        Failure: `runner.missing_content`, it is not installed.
    """

    def __init__(self, module):
        self.module = module
        self.params = module.params
        self._words = [self._executable()]
        self._environment = {"STIX_HOME": self.params["home"]} if self.params["home"] else {}

    def _executable(self):
        named = self.params["executable"]
        beside = os.path.join(os.path.dirname(sys.executable), "stix")
        found = named or (beside if os.path.exists(beside) else self.module.get_bin_path("stix"))
        if not found or not os.access(found, os.X_OK):
            raise Failure(
                "runner.missing_content",
                "there is no command %r" % named if named else "the command 'stix' is not installed where this runs",
                hint="delegate the task to where it is, pip install stix-cloud there, or name it as executable",
            )
        return found

    def call(self, *words, good=(0,), cwd=None):
        """Run the command with `-o json`: `(exit status, what it printed)`.

        Args:
            good: exit statuses that are no failure.

        Raises:
            Failure: the error that the command ended with.
        """
        status, out, err = self.run(*words, "-o", "json", cwd=cwd)
        if status not in good:
            raise _failure(status, out, err)
        try:
            return status, json.loads(out) if out.strip() else None
        except ValueError:
            raise Failure("internal", "stix printed no JSON", details={"output": out[-2000:]}) from None

    def run(self, *words, cwd=None):
        """Run the command: `(exit status, standard output, standard error)`."""
        return self.module.run_command(
            [*self._words, *words], cwd=cwd, environ_update=self._environment, expand_user_and_vars=False
        )

    def cluster(self, name):
        """A cluster as `stix status` shows it, or None."""
        return next((each for each in self.call("status")[1] if each["name"] == name), None)

    def task(self, extra=None):
        """The task of this module's options: words, and how the command is to be called.

        Args:
            extra: keys of a task that stand for one where none is given.
        """
        given = self.params
        file = given["task_file"] and os.path.abspath(given["task_file"])
        folder = given["chdir"] or (os.path.dirname(file) if file else None)
        content = given["task"] if given["task"] is not None else extra
        if not file and content is not None:
            file = self._file("task.yaml", json.dumps(content))  # which is YAML, too
        words = ["--num-nodes", str(given["num_nodes"])] if given["num_nodes"] else []
        for kind in ("env", "secret"):
            if given[kind + "s"]:
                words += ["--%s-file" % kind, self._file(kind, _lines(given[kind + "s"]))]
        return [*words, *([file] if file else [])], {"cwd": folder}

    def _file(self, name, text):
        """A file for the command, which only we can read and which is gone when the module ends."""
        path = os.path.join(self.module.tmpdir, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
            target.write(text)
        return path


def _lines(values):
    """Variables of a job as a dotenv file; in the command's own environment they would be settings of the command."""
    signs = {"\\": "\\\\", '"': '\\"', "\r": "\\r"}
    texts = {name: "".join(signs.get(sign, sign) for sign in _text(value)) for name, value in values.items()}
    return "".join('%s="%s"\n' % pair for pair in texts.items())


def _text(value):
    return value if isinstance(value, str) else json.dumps(value)


def _failure(status, out, err):
    """What a command ended with; it says so in the last line of its standard error."""
    for line in reversed(err.strip().splitlines()):
        try:
            return Failure.from_record(json.loads(line)["error"])
        except (ValueError, KeyError, TypeError):
            continue
    said = (err.strip() or out.strip() or "it said nothing").splitlines()[-1]
    return Failure("internal", "stix ended with %d: %s" % (status, said), details={"output": err[-2000:]})


def run_module(module, act):
    """End the module with what `act(stix)` returns, or with the failure it raises."""
    try:
        result = act(Stix(module))
    except Failure as failure:
        module.fail_json(msg=failure.message, stix_error=failure.record())
    module.exit_json(**result)
