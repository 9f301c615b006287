"""Clouds as objects, `stix.AWS()`: where SkyPilot's callers do not write the name.

Equal when they are the same cloud; `str` is the name as it is written, `canonical_name()` the one in task files.
"""

__all__ = [
    "AWS",
    "CLOUDS",
    "DO",
    "GCP",
    "IBM",
    "OCI",
    "SCP",
    "SSH",
    "Azure",
    "Cloud",
    "Cudo",
    "Docker",
    "Fluidstack",
    "Hyperbolic",
    "K8s",
    "Kubernetes",
    "Lambda",
    "Local",
    "Mithril",
    "Nebius",
    "Paperspace",
    "PrimeIntellect",
    "RunPod",
    "Seeweb",
    "Shadeform",
    "Slurm",
    "Vast",
    "Verda",
    "Vsphere",
    "Yotta",
]


class Cloud:
    """A cloud, or another infrastructure, by name."""

    _name = ""
    _title = ""

    @classmethod
    def canonical_name(cls) -> str:
        """The name in task files and in `infra`."""
        return cls._name

    @classmethod
    def display_name(cls) -> str:
        """The name for people."""
        return cls._title or cls.__name__

    def is_same_cloud(self, other: "Cloud") -> bool:
        """Whether both are one cloud."""
        return self == other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cloud) and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return self.display_name()


class AWS(Cloud):
    """Amazon Web Services."""

    _name = "aws"


class Azure(Cloud):
    """Microsoft Azure."""

    _name = "azure"


class Cudo(Cloud):
    """Cudo Compute."""

    _name = "cudo"


class DO(Cloud):
    """DigitalOcean."""

    _name = "do"


class Docker(Cloud):
    """Containers on this machine, or on another that has docker."""

    _name = "docker"


class Fluidstack(Cloud):
    """Fluidstack."""

    _name = "fluidstack"


class GCP(Cloud):
    """Google Cloud."""

    _name = "gcp"


class Hyperbolic(Cloud):
    """Hyperbolic."""

    _name = "hyperbolic"


class IBM(Cloud):
    """IBM Cloud."""

    _name = "ibm"


class Kubernetes(Cloud):
    """Kubernetes clusters, by context."""

    _name = "kubernetes"


class Lambda(Cloud):
    """Lambda Cloud."""

    _name = "lambda"


class Local(Cloud):
    """This machine."""

    _name = "local"


class Mithril(Cloud):
    """Mithril."""

    _name = "mithril"


class Nebius(Cloud):
    """Nebius."""

    _name = "nebius"


class OCI(Cloud):
    """Oracle Cloud Infrastructure."""

    _name = "oci"


class Paperspace(Cloud):
    """Paperspace."""

    _name = "paperspace"


class PrimeIntellect(Cloud):
    """Prime Intellect."""

    _name = "primeintellect"


class RunPod(Cloud):
    """RunPod."""

    _name = "runpod"


class SCP(Cloud):
    """Samsung Cloud Platform."""

    _name = "scp"


class SSH(Cloud):
    """Machines of one's own, by pool."""

    _name = "ssh"


class Seeweb(Cloud):
    """Seeweb."""

    _name = "seeweb"


class Shadeform(Cloud):
    """Shadeform."""

    _name = "shadeform"


class Slurm(Cloud):
    """Slurm clusters."""

    _name = "slurm"


class Vast(Cloud):
    """Vast.ai."""

    _name = "vast"


class Verda(Cloud):
    """Verda."""

    _name = "verda"


class Vsphere(Cloud):
    """VMware vSphere."""

    _name = "vsphere"
    _title = "vSphere"


class Yotta(Cloud):
    """Yotta."""

    _name = "yotta"


K8s = Kubernetes

CLOUDS: dict[str, type[Cloud]] = {cloud.canonical_name(): cloud for cloud in Cloud.__subclasses__()}
"""Every cloud of this module by the name in task files."""


def cloud_of(name: str | None) -> Cloud | None:
    """The cloud that a task file calls `name`; None for no cloud."""
    return None if name is None else CLOUDS[name]()


def cloud_name(cloud: "Cloud | str | None") -> str | None:
    """The name in task files of a cloud, or of a name as it was typed."""
    return cloud.canonical_name() if isinstance(cloud, Cloud) else cloud
