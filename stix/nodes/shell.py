"""What `stix ssh <cluster>` runs: a shell, or one command, on a node."""

import shlex

from stix.nodes.connection import Connection, DockerConnection, LocalConnection, SshConnection, shell_path

_SHELL = 'exec "$(command -v bash || command -v sh)" -l'


def shell_argv(
    connection: Connection, command: str | None = None, *, tty: bool = True, container: bool = False
) -> list[str]:
    """Words that open a shell on a node, or run a command there as its jobs' user.

    A local node's shell has the node's home as HOME and starts in `sky_workdir`; a container's is `docker exec`; any
    other node's is its login shell.

    Args:
        connection: the node.
        command: a shell command; None: an interactive shell.
        tty: whether there is a terminal on this side.
        container: whether jobs of the node run in a container of its own; the agent then opens the shell there.
    """
    if container:
        return connection.argv(
            connection.agent_command("enter" + (f" --command {shlex.quote(command)}" if command else "")), tty=tty
        )
    if isinstance(connection, SshConnection):
        return connection.argv(command or "", tty=tty)
    home = shell_path(connection.user_home or "~")
    inside = f"HOME={home}; export HOME; cd ~/sky_workdir 2>/dev/null || cd ~; {command or _local_shell(connection)}"
    if isinstance(connection, DockerConnection):
        return [*connection.exec_words(tty=tty), connection.container, "sh", "-c", inside]
    return connection.argv(inside, tty=tty)


def _local_shell(connection: Connection) -> str:
    return 'exec "${SHELL:-/bin/sh}"' if isinstance(connection, LocalConnection) else _SHELL
