"""A large tree leaves the controller once: the first node that lacks it gets it and hands it on to the others.

Which node that is nobody decides: it is the one whose action is first, and the others wait for it. So no order of
hosts matters, none waits for one that is not at work, and nodes that come to a cluster later are served as well.
"""

import datetime
import fcntl
import hashlib
import json
import secrets
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils import trees
from ansible_collections.stix.core.plugins.plugin_utils.once import folder

MODES = ("auto", "always", "never")
NODES = 3
PAYS = 256 * 1024 * 1024
"""Bytes that are not sent from here from which a relay pays for the wait."""

Answer = dict[str, Any]


class Identity(NamedTuple):
    """What proves a node to the others: PEM of certificate and key, and the certificate's hash."""

    certificate: str
    fingerprint: str


def wanted(mode: str, found: trees.Content, nodes: int) -> bool:
    """Whether a tree goes to so many nodes by way of one of them; small ones never do."""
    if mode == "never" or nodes < 2 or not found.digest.startswith(trees.BY_TIMES):
        return False
    return mode == "always" or (nodes >= NODES and found.bytes * (nodes - 1) >= PAYS)


def bring(action: Any, tree: trees.Tree, found: trees.Content, direct: Callable[[], Answer]) -> Answer:
    """Brings a tree to a node; what `direct` answers, or what the agent says of what it got from another node.

    Args:
        action: the `NodeAction` whose node it is.
        direct: brings it from here.

    Returns:
        `{files, bytes, deleted}`; `source` the node it came from, or `detour` why it came from here though it
        was not to.

    Raises:
        Failure: it does not come from here either, or does not fit on the disk.
    """
    key = hashlib.sha256(f"{action._task._uuid} {tree['target']} {found.digest}".encode()).hexdigest()[:16]
    path = folder() / f"relay-{key}"
    path.touch(mode=0o600)
    with open(path, "r+", encoding="utf-8") as file:
        if _first(file):
            answer = direct()
            file.write(json.dumps(_offer(action, tree, found)))
            return answer
        text = file.read()
    # Nothing is there where the first one failed or was killed.
    offer = json.loads(text) if text else {"problem": "the node that was to hand it on did not get it"}
    return _taken(action, tree, found, offer, direct)


def _first(file: Any) -> bool:
    """Whether nobody else is at it, or was; waits for who is."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_SH)
        return False
    return not Path(file.name).stat().st_size


def _offer(action: Any, tree: trees.Tree, found: trees.Content) -> dict[str, Any]:
    """Has a node hand its tree on: what the others need to take it, or `{problem}`."""
    address = str(action.vars.get("stix_node_ip") or "")
    if not address or address.startswith("127.") or address == "::1":
        return {"problem": f"{action.host} has no address that others reach it at"}
    listing = trees.listing(trees.members(tree["path"]))
    if trees.BY_TIMES + hashlib.sha256(listing).hexdigest() != found.digest:
        return {"problem": "it was changed here meanwhile"}
    try:
        identity, word = identify(), secrets.token_hex(32)
        order = {
            "listing": listing.decode(errors="surrogateescape"),
            "certificate": identity.certificate,
            "word": word,
            "address": address,
            "readers": len(action.vars.get("ansible_play_hosts") or ()) - 1,
        }
        port = action.agent(f"relay --give --target {shlex.quote(tree['target'])}", json.dumps(order).encode())["port"]
    except Failure as failure:
        return {"problem": failure.message}
    take = {"address": address, "port": port, "fingerprint": identity.fingerprint, "word": word}
    return {"host": action.host, "take": take}


def _taken(
    action: Any, tree: trees.Tree, found: trees.Content, offer: dict[str, Any], direct: Callable[[], Answer]
) -> Answer:
    problem = offer.get("problem")
    if not problem:
        verb = f"relay --target {shlex.quote(tree['target'])} --hash {found.digest}"
        try:
            return {**action.agent(verb, json.dumps(offer["take"]).encode()), "source": offer["host"]}
        except Failure as failure:
            if failure.code == "sync.disk_full" or failure.code.startswith("node."):
                raise  # the way from here ends no better
            problem = f"{offer['host']}: {failure.message}"
    return {**direct(), "detour": problem}


def identify() -> Identity:
    """A new identity, for one relay; nobody goes by its dates, as nodes' clocks may be wrong.

    Raises:
        Failure: `runner.missing_content`, there is no cryptography.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise Failure("runner.missing_content", "A relay needs Python's cryptography", "") from error
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "stix")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(datetime.datetime(2100, 1, 1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    return Identity((public + private).decode(), made.fingerprint(hashes.SHA256()).hex())
