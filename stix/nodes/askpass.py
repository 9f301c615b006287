"""Answers ssh's question for a password from the pools file, so that the password is in no argument and no environment.

ssh starts `<control_dir>/askpass PROMPT`, a two-line script that runs this module. The environment names the file, the
pool and the host.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

VARIABLES = ("STIX_ASKPASS_FILE", "STIX_ASKPASS_POOL", "STIX_ASKPASS_HOST")
ADDRESS = "STIX_ASKPASS_ADDRESS"
SHOWN_ADDRESS = 30
"""ssh's prompt shows only so many characters of the host."""


def askpass_environment(control_dir: Path, pool_host: Sequence[str], address: str) -> dict[str, str]:
    """Environment that makes ssh ask this module; writes the script that it starts.

    Args:
        control_dir: where the script goes.
        pool_host: pools file, pool, host.
        address: the host as ssh gets it; the password is given to no other host (such as a jump host).
    """
    import shlex

    script = control_dir / "askpass"
    package_root = Path(__file__).parents[2]
    run = f"{shlex.quote(sys.executable)} -m stix.nodes.askpass"
    text = f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(package_root))} exec {run} "$@"\n'
    if not script.exists() or script.read_text() != text:
        fresh = script.with_name(f"askpass.{os.getpid()}")
        fresh.write_text(text)
        fresh.chmod(0o700)
        fresh.replace(script)
    named = dict(zip(VARIABLES, pool_host, strict=True))
    return named | {ADDRESS: address, "SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force"}


def is_for(prompt: str, addresses: Sequence[str]) -> bool:
    """Whether a prompt asks for the password of one of these addresses.

    ssh's prompts are `ann@10.0.0.5's password: ` and `(ann@10.0.0.5) Password: `.
    """
    if "password" not in prompt.lower():
        return False
    asked = prompt.lstrip("(").partition("@")[2]
    for end in ("'s password", ")"):
        if end in asked:
            asked = asked.split(end)[0]
            return any(asked.lower() == address.lower()[:SHOWN_ADDRESS] for address in addresses)
    return False


def _addresses(address: str) -> list[str]:
    import subprocess

    from stix.nodes.connection import user_ssh_options

    shown = subprocess.run(
        ["ssh", *user_ssh_options(), "-G", "--", address], stdout=subprocess.PIPE, text=True, check=False
    )
    names = [
        line.split(" ", 1)[1] for line in shown.stdout.splitlines() if line.startswith(("hostname ", "hostkeyalias "))
    ]
    return [address, *names]


def main(prompt: str) -> int:
    """Print the password if the prompt is for our host; exit status 1 otherwise, which makes ssh give up."""
    from stix.nodes.pools import password_of

    address = os.environ[ADDRESS]
    if not is_for(prompt, [address]) and not is_for(prompt, _addresses(address)):
        return 1
    file, pool, host = (os.environ[name] for name in VARIABLES)
    sys.stdout.write(password_of(Path(file).read_text(), pool, host) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
