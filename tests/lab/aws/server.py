"""EC2, S3, IAM and SSM as moto has them, with what a test of real machines needs besides: one process, one port.

    python -m tests.lab.aws.server PORT SLOT [ENGINE FOLDER]

Added to moto: public addresses from 127.77.SLOT.0/24 that real SSH machines answer at (`cloud_machines`), a network
range of its own for each region, client tokens that make a repeated create the same create, and under `/_lab/` a
control channel: `faults` (POST a list of rules, DELETE), `calls` (GET: the actions so far; DELETE forgets them),
`preempt?instance=`, `quotas` (POST code -> vCPUs).
"""

import base64
import io
import itertools
import json
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs

from moto.backends import get_backend
from moto.ec2.models import elastic_network_interfaces, vpcs
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from tests.lab.aws import additions
from tests.lab.aws.faults import described, error_answer
from tests.lab.cloud_machines import Machine, Machines
from tests.lab.faults import Faults

ACCOUNT = "123456789012"


def own_addresses(slot: int) -> None:
    """Public addresses on the loopback device; default networks that two labs on one machine do not share."""
    places = itertools.count(5)
    elastic_network_interfaces.random_public_ip = lambda: f"127.77.{slot}.{next(places) % 250 + 1}"
    regions: dict[str, int] = {}

    create = vpcs.VPCBackend.create_vpc

    def create_vpc(backend: object, cidr_block: str, *rest: object, **options: object) -> object:
        if options.get("is_default"):
            number = regions.setdefault(backend.region_name, len(regions))
            cidr_block = f"10.{64 + 16 * slot + number}.0.0/16"
        return create(backend, cidr_block, *rest, **options)

    vpcs.VPCBackend.create_vpc = create_vpc


def instances() -> list[tuple[object, object]]:
    """Every instance with its region's backend."""
    found = []
    for backend in list(get_backend("ec2")[ACCOUNT].values()):
        found += [(backend, one) for each in list(backend.reservations.values()) for one in list(each.instances)]
    return found


def machines() -> list[Machine]:
    """Every instance that has a disk."""
    return [_machine(backend, one) for backend, one in instances() if one._state.name != "terminated"]


def _machine(backend: object, instance: object) -> Machine:
    vpc = backend.get_vpc(instance.vpc_id)
    pair = backend.key_pairs.get(instance.key_name)
    public = instance.public_ip or ""
    return Machine(
        id=instance.id,
        hostname=instance.id,
        running=instance._state.name in ("pending", "running"),
        network=vpc.id,
        addresses=vpc.cidr_block,
        private_ip=instance.private_ip,
        public_ip=public if public.startswith("127.") else "",
        keys=(pair.material_public.decode(),) if pair else (),
        user_data=base64.b64decode(instance.user_data.as_bytes()) if instance.user_data else b"",
    )


def preempt(instance_id: str) -> bool:
    """Take a spot machine back, as EC2 does."""
    for backend, instance in instances():
        if instance.id == instance_id:
            backend.terminate_instances([instance_id])
            instance.state_reason.code = "Server.SpotInstanceTermination"
            instance.state_reason.message = "Server.SpotInstanceTermination: Spot instance termination"
            return True
    return False


class Application:
    """moto behind the control channel, the fault rules and the memory of client tokens."""

    def __init__(self, faults: Faults) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._faults = faults
        self._answers: dict[str, tuple[dict[str, str], str]] = {}

    def __call__(self, environ: dict[str, object], start: object) -> list[bytes]:
        """One request."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith("/_lab/"):
            answer = self._control(path.removeprefix("/_lab/"), environ, body)
            start("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(answer).encode()]
        query = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if "Action" in query:
            refusal = self._faults.met(described(query, str(environ.get("HTTP_AUTHORIZATION", ""))))
            if refusal:
                status, text = error_answer(refusal)
                start(status, [("Content-Type", "text/xml;charset=UTF-8")])
                return [text.encode()]
        return self._answer(query, environ, body, start)

    def _answer(self, query: dict[str, str], environ: dict[str, object], body: bytes, start: object) -> list[bytes]:
        groups = [value for name, value in query.items() if name.startswith("NetworkInterface.1.SecurityGroupId.")]
        for number, group in enumerate(groups, 1):  # moto forgets the groups of an interface
            body += f"&SecurityGroupId.{number}={group}".encode()
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        token = query.get("ClientToken", "")
        if token in self._answers:
            status, text = self._again(query, *self._answers[token])
            start(status, [("Content-Type", "text/xml;charset=UTF-8")])
            return [text.encode()]
        heard: list[tuple[str, list[tuple[str, str]]]] = []

        def listen(status: str, headers: list[tuple[str, str]], *rest: object) -> None:
            heard.append((status, headers))

        parts = list(self._moto(environ, listen))
        status, headers = heard[-1]
        if token and status.startswith("200"):
            self._answers[token] = query, b"".join(parts).decode()
        start(status, headers)
        return parts

    def _again(self, query: dict[str, str], former: dict[str, str], text: str) -> tuple[str, str]:
        """What EC2 answers to a token that it knows: the same instances, in the state they are in now."""
        if query != former:
            rule = {"code": "IdempotentParameterMismatch", "message": "The token was used with other parameters"}
            return error_answer(rule | {"call": {}})
        states = {instance.id: instance._state for _, instance in instances()}
        for identity, state in states.items():
            now = f"<instanceState><code>{state.code}</code><name>{state.name}</name>"
            own = rf"(<instanceId>{identity}</instanceId>.*?)<instanceState>\s*<code>\d+</code>\s*<name>[a-z-]+</name>"
            text = re.sub(own, lambda found, now=now: found.group(1) + now, text, count=1, flags=re.DOTALL)
        return "200 OK", text

    def _control(self, word: str, environ: dict[str, object], body: bytes) -> object:
        method = environ["REQUEST_METHOD"]
        if word in ("faults", "calls"):
            return self._faults.control(word, str(method), json.loads(body or b"[]"))
        if word == "preempt":
            return preempt(parse_qs(str(environ.get("QUERY_STRING", "")))["instance"][0])
        if word == "quotas":
            additions.QUOTAS.clear()
            additions.QUOTAS.update(json.loads(body))
        return {"ready": True}


def main() -> None:
    """Serve until killed."""
    port, slot, engine = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    own_addresses(slot)
    additions.add()
    if engine:
        Machines(engine[0], Path(engine[1]), "stix-test.aws", machines).start()
    run_simple("127.0.0.1", port, Application(Faults()), threaded=True)


if __name__ == "__main__":
    main()
