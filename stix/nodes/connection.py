"""Ways to reach a node: this machine, ssh, a container, a pod. The same host variables that Ansible connects by."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from stix.errors import NodeError, UsageError
from stix.model.connection import SSH_OPTIONS, control_path, quoted_path, ssh_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

KEPT_STDERR = 4000
"""How many characters of a program's complaint an error keeps."""


class Connection:
    """A node that commands can be run on.

    Attributes:
        name: the node's name, for messages.
        python: the interpreter on the node that runs the agent.
        skylet_home: the agent's folder; may start with `~/`.
        user_home: HOME of jobs; empty when it is the login's home.
        asks_by_socket: whether a request to the agent starts no program on the node.
        reconnects: whether a connection that broke may come again by itself.
    """

    asks_by_socket = False
    reconnects = False

    def __init__(self, host_vars: Mapping[str, object]) -> None:
        interpreter = text_of(host_vars, "skylet_python", "ansible_python_interpreter")
        self.name = text_of(host_vars, "inventory_hostname", "ansible_host") or "localhost"
        self.python = interpreter if interpreter.startswith(("/", "~")) else "python3"
        self.skylet_home = text_of(host_vars, "skylet_home") or "~/.stix/agent"
        self.user_home = text_of(host_vars, "skylet_user_home")

    def argv(self, command: str, *, tty: bool = False) -> list[str]:
        """Words that run a shell command on the node, with a terminal there if `tty`."""
        raise NotImplementedError

    def environment(self) -> dict[str, str] | None:
        """The environment that `argv` needs; None: the present one."""
        return None

    def failure(self, status: int, stderr: str) -> NodeError | None:
        """The error when the connection, not the command, was what failed; None otherwise."""
        return None

    def agent_command(self, verb: str) -> str:
        """Shell command that runs a verb of the agent's program."""
        home = shell_path(self.skylet_home)
        return f"exec {shell_path(self.python)} {shell_path(self.skylet_home + '/skylet.pyz')} --home {home} {verb}"

    def run(self, command: str, *, stdin: bytes = b"", timeout: float | None = None) -> tuple[int, bytes, str]:
        """Run a shell command on the node.

        Args:
            command: the shell command.
            stdin: what it reads.
            timeout: seconds until it is ended.

        Returns:
            exit status, standard output, standard error.

        Raises:
            NodeError: node.unreachable, node.auth or node.host_key; a command that fails is not an error here.
        """
        return run_words(self, self.argv(command), stdin=stdin, timeout=timeout)


class LocalConnection(Connection):
    """A node that is this machine."""

    asks_by_socket = True

    def argv(self, command: str, *, tty: bool = False) -> list[str]:
        return ["/bin/sh", "-c", command]


class DockerConnection(Connection):
    """A node that is a container; `ansible_docker_extra_args` choose the engine."""

    def __init__(self, host_vars: Mapping[str, object]) -> None:
        super().__init__(host_vars)
        self.container = text_of(host_vars, "ansible_host", "ansible_docker_host", "inventory_hostname")
        self.engine = words_of(host_vars, "ansible_docker_extra_args")
        self.user = text_of(host_vars, "ansible_user", "ansible_docker_user")

    def argv(self, command: str, *, tty: bool = False) -> list[str]:
        return [*self.exec_words(tty=tty), self.container, "sh", "-c", command]

    def exec_words(self, *, tty: bool = False) -> list[str]:
        """`docker exec` up to the container's name."""
        user = ["-u", self.user] if self.user else []
        return ["docker", *self.engine, "exec", "-it" if tty else "-i", *user]

    def failure(self, status: int, stderr: str) -> NodeError | None:
        from stix.nodes.failures import docker_failure

        return docker_failure(self.name, status, stderr)


class SshConnection(Connection):
    """A node behind ssh. One connection is kept open in `control_dir` and shared with Ansible."""

    asks_by_socket = True
    reconnects = True

    def __init__(self, host_vars: Mapping[str, object], control_dir: Path) -> None:
        super().__init__(host_vars)
        self.control_dir = control_dir
        self.host = text_of(host_vars, "ansible_host", "ansible_ssh_host", "inventory_hostname")
        self.pool_host = tuple(text_of(host_vars, key) for key in ("stix_pool_file", "stix_pool", "stix_pool_host"))
        self.has_password = all(self.pool_host) and bool(host_vars.get("ansible_password"))
        self.options = self._options(host_vars)

    def argv(self, command: str, *, tty: bool = False) -> list[str]:
        words = self.words(batch=not tty)
        if tty:
            words.append("-t")
        return [*words, "--", self.host, *([command] if command else [])]

    def words(self, *, batch: bool = True) -> list[str]:
        """`ssh` with its options, up to the host."""
        self.control_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.has_password:
            return ["ssh", "-o", "NumberOfPasswordPrompts=1", *self.options]
        return ["ssh", *(["-o", "BatchMode=yes"] if batch else []), *self.options]

    def environment(self) -> dict[str, str] | None:
        if not self.has_password:
            return None
        from stix.nodes.askpass import askpass_environment

        return os.environ | askpass_environment(self.control_dir, self.pool_host, self.host)

    def failure(self, status: int, stderr: str) -> NodeError | None:
        if status != 255:
            return None
        from stix.nodes.failures import ssh_failure

        return ssh_failure(self.name, stderr)

    def _options(self, host_vars: Mapping[str, object]) -> list[str]:
        words = words_of(host_vars, "ansible_ssh_args") or list(SSH_OPTIONS)
        words += ["-o", f"ControlPath={quoted_control_path(self.control_dir)}", *user_ssh_options()]
        port = text_of(host_vars, "ansible_port", "ansible_ssh_port")
        user = text_of(host_vars, "ansible_user", "ansible_ssh_user")
        key = text_of(host_vars, "ansible_ssh_private_key_file", "ansible_private_key_file")
        words += ["-o", f"Port={port}"] if port else []
        words += ["-o", f"User={user}"] if user else []
        words += ["-o", f"IdentityFile={quoted_path(os.path.expanduser(key))}"] if key else []
        return words + words_of(host_vars, "ansible_ssh_common_args") + words_of(host_vars, "ansible_ssh_extra_args")


def connect(host_vars: Mapping[str, object], *, control_dir: Path) -> Connection:
    """The connection that Ansible's host variables describe; nothing is opened yet.

    Args:
        host_vars: `ansible_connection`, `ansible_host`, ..., `skylet_home`; messages say `inventory_hostname`.
        control_dir: folder of the kept-open ssh connections, the one that Ansible is configured with.

    Raises:
        UsageError: config.invalid, for a kind of connection that stix cannot read from.
    """
    kind = text_of(host_vars, "ansible_connection") or "ssh"
    short = kind.rsplit(".", 1)[-1]
    if short == "local":
        return LocalConnection(host_vars)
    if short in ("ssh", "smart", "paramiko", "paramiko_ssh"):
        return SshConnection(host_vars, control_dir)
    if short in ("docker", "docker_api"):
        return DockerConnection(host_vars)
    if short == "kubectl":
        from stix.nodes.kubectl import KubectlConnection

        return KubectlConnection(host_vars)
    name = text_of(host_vars, "inventory_hostname", "ansible_host")
    raise UsageError(
        "config.invalid",
        f"Connection {kind!r} of node {name!r} is not one that stix can use",
        hint="Use local, ssh, community.docker.docker or kubernetes.core.kubectl.",
    )


def run_words(
    connection: Connection, words: Sequence[str], *, stdin: bytes = b"", timeout: float | None = None
) -> tuple[int, bytes, str]:
    """Run a program here that talks to the node; arguments, result and errors as for `Connection.run`."""
    import subprocess

    with scratch_file() as complaints:
        try:
            done = subprocess.run(
                words,
                check=False,
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=connection.environment(),
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            raise _no_answer(connection.name, timeout) from None
        except FileNotFoundError:
            raise UsageError("config.invalid", f"Program {words[0]!r} is not installed on this machine") from None
        stderr = read_back(complaints)
    failure = connection.failure(done.returncode, stderr)
    if failure:
        raise failure
    return done.returncode, done.stdout, stderr


def scratch_file() -> "IO[bytes]":
    """A nameless file for a child's standard error; a pipe would be held open by an ssh that stays behind."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("stix-stderr"), "w+b")
    import tempfile

    return tempfile.TemporaryFile()


def read_back(file: "IO[bytes]") -> str:
    """The end of what was written to a `scratch_file`."""
    size = os.fstat(file.fileno()).st_size
    file.seek(max(0, size - KEPT_STDERR))
    return file.read().decode(errors="replace")


def shell_path(path: str) -> str:
    """A path quoted for a shell, which still replaces a leading `~`."""
    import shlex

    head, slash, rest = path.partition("/")
    if head.startswith("~") and head[1:].replace("_", "").replace("-", "").isalnum() or head == "~":
        return f"{head}{slash}{shlex.quote(rest) if rest else ''}"
    return shlex.quote(path)


def user_ssh_options() -> list[str]:
    """`stix.model.connection.ssh_options` for the user who runs this process."""
    import pwd

    try:
        passwd_home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return []
    return ssh_options(os.environ.get("HOME", ""), passwd_home, os.path.exists)


def quoted_control_path(control_dir: Path) -> str:
    """Value of `-o ControlPath=`."""
    return f'"{control_path(str(control_dir))}"'


def _no_answer(name: str, seconds: float | None) -> NodeError:
    return NodeError(
        "node.unreachable",
        f"Node {name!r} did not answer within {seconds:g} s",
        hint="Check that it runs and that the network is there; then run the same command again.",
        details={"node": name},
        retryable=True,
    )


def text_of(host_vars: Mapping[str, object], *keys: str) -> str:
    """The first of these host variables that says something; empty when none does."""
    for key in keys:
        value = host_vars.get(key)
        if value not in (None, ""):
            return str(value)
    return ""


def words_of(host_vars: Mapping[str, object], key: str) -> list[str]:
    """A host variable that holds words of a command line."""
    text = text_of(host_vars, key)
    if not text:
        return []
    import shlex

    return shlex.split(text)
