"""The suite on a real Docker Engine."""

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

from tests.conformance.backend import Backend, Cluster, Fault, Machine
from tests.conformance.suite import Suite

NO_ACCOUNT = "an engine has no accounts"
CHANGES = ("create", "start", "die", "destroy", "pause", "unpause", "connect", "disconnect", "update", "rename")


class Docker(Backend):
    """Containers."""

    name = "docker"
    cannot = {
        "change ports": "the ports of a container are settled when it is made",
        "adopt": "the labels of a container are settled when it is made",
        "account": NO_ACCOUNT,
        "fault quota": "an engine has no quotas",
        "fault auth": NO_ACCOUNT,
        "fault permission": NO_ACCOUNT,
        "fault unknown": "a real engine gives no answer that nobody knows",
        "zones": "an engine has no zones",
        "regions": "its regions are the contexts of docker, each another engine",
    }

    def __enter__(self) -> "Docker":
        self.engine = self.request.getfixturevalue("docker_lab")
        self._cleaning = contextlib.ExitStack()
        self._cleaning.enter_context(self.engine.cleaned())
        self._asked = time.time()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleaning.close()

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.engine.environment)

    @property
    def variables(self) -> dict[str, Any]:
        return {"cloud_docker_default_image": self.engine.image}

    def node(self, rank: int) -> dict[str, Any]:
        return {"cpus": 1, "memory": 0.25}

    def machines(self, cluster: Cluster) -> dict[int, Machine]:
        form = '{{.Label "stix.rank"}} {{.ID}} {{.State}}'
        rows = self._listed("ps", "--all", cluster=cluster, form=form)
        words = {"exited": "stopped"}
        return {int(rank): Machine(key, words.get(state, state)) for rank, key, state in map(str.split, sorted(rows))}

    def things(self, cluster: Cluster) -> list[str]:
        networks = self._listed("network", "ls", cluster=cluster, form="{{.ID}}")
        return [*super().things(cluster), *networks]

    def _listed(self, *words: str, cluster: Cluster, form: str) -> list[str]:
        only = f"label=stix.cluster_id={cluster.id}"
        return self.engine.docker(*words, "--no-trunc", "--filter", only, "--format", form).splitlines()

    def changes(self) -> list[str]:
        since, self._asked = self._asked, time.time()
        only = [word for each in CHANGES for word in ("--filter", f"event={each}")]
        span = ("--since", f"{since:.6f}", "--until", f"{self._asked:.6f}")
        return self.engine.docker(
            "events", *span, *only, "--format", "{{.Type}} {{.Action}} {{.Actor.ID}}"
        ).splitlines()

    def lose(self, machine: Machine) -> None:
        self.engine.docker("rm", "--force", machine.id)

    def halt(self, machine: Machine) -> None:
        self.engine.docker("stop", "--time", "1", machine.id)

    def ports(self, cluster: Cluster) -> set[int]:
        head = self.machines(cluster)[0].id
        bound = json.loads(self.engine.docker("inspect", "--format", "{{json .NetworkSettings.Ports}}", head))
        return {int(each["HostPort"]) for hosts in bound.values() for each in hosts or []}

    def marks(self, cluster: Cluster, rank: int) -> dict[str, str]:
        one = self.machines(cluster)[rank].id
        return dict(json.loads(self.engine.docker("inspect", "--format", "{{json .Config.Labels}}", one)))

    @contextlib.contextmanager
    def fault(self, kind: str, zone: str = "") -> Iterator[Fault]:
        huge = {"cpus": 4096}
        yield {
            "capacity": Fault("provision.no_capacity", node=huge, words="Ask for fewer CPUs"),
            "partial": Fault("provision.no_capacity", node=huge),
            "transient": Fault("provision.transient", variables={"cloud_docker_host": "unix:///no/engine.sock"}),
            "config": Fault("provision.config", node={"image_id": "docker:Not A Name"}, words="Check its name"),
        }[kind]

    def settle(self) -> None:
        time.sleep(1)  # a request that was sent is carried out, its asker dead or not

    def clean(self) -> None:
        self._cleaning.close()
        self._cleaning.enter_context(self.engine.cleaned())


class TestDocker(Suite):
    backend = Docker
