"""The section `policy` of the settings: what a site allows."""

from stix.clouds.registry import clouds
from stix.model.resources import CLOUD_ALIASES
from stix.spec.schema.key import TEXT, Key

STORES_ALONE = ("cloudflare", "coreweave", "vastdata")
"""What SkyPilot counts among clouds for their buckets alone."""


def check_cloud(value: object) -> None:
    """As `check_infra`, and clouds that have buckets alone may be named, too."""
    if str(value).lower() not in STORES_ALONE:
        check_infra(value)


def check_infra(value: object) -> None:
    """Refuse a pattern of no cloud: a slip of the pen would forbid everything.

    Raises:
        ValueError: there is no such cloud.
    """
    from stix.spec.document import Unfit, shown
    from stix.spec.validate import suggestion

    cloud = str(value).partition("/")[0].lower()
    cloud = CLOUD_ALIASES.get(cloud, cloud)
    if "*" not in cloud and cloud not in clouds():
        known = sorted(clouds())
        raise Unfit(f"names no infrastructure: {shown(str(value))}", suggestion(cloud, known, show=known))


POLICY = Key(
    ("map",),
    "What is allowed. The rules of every layer hold together: a higher layer can only make them tighter.",
    "policy: {max_hourly_cost: 20}",
    keys={
        "max_hourly_cost": Key(
            ("integer", "number"),
            "Most that all nodes of a cluster may cost in an hour, in dollars.",
            "max_hourly_cost: 20",
            least=0,
        ),
        "infras": Key(
            ("list",),
            "Where clusters, volumes and new buckets may be: clouds, or `cloud/region` with `*` for any part.",
            "infras: [local, aws/us-*, kubernetes/research]",
            items=Key(("text",), check=check_cloud),
            least=1,
        ),
        "labels": Key(
            ("map", "list"),
            "Labels that a task or a new volume must have: their names, or each with the values that it may have.",
            "labels: {team: [vision, speech], project: null}",
            items=TEXT,
            values=Key(("text", "list"), items=TEXT),
            examples=("labels: [team, project]",),
        ),
        "autostop": Key(
            ("map",),
            "Every cluster lets go after so long without work: set where nothing is said, refused beyond.",
            "autostop: {idle_minutes: 60, down: true}",
            keys={
                "idle_minutes": Key(
                    ("integer", "number"), "Most minutes without work.", "idle_minutes: 60", least=0, needed=True
                ),
                "down": Key(
                    ("boolean",),
                    "Whether clusters are then removed; else they stop where machines can.",
                    "down: true",
                    default="false",
                ),
            },
        ),
        "max_lifetime_minutes": Key(
            ("integer", "number"),
            "Most minutes that a cluster runs, however busy: set where nothing is said, refused beyond.",
            "max_lifetime_minutes: 1440",
            least=1,
        ),
        "images": Key(
            ("list",),
            "Images that may be named, with `*` for any part; who names none gets the infrastructure's own.",
            "images: ['docker:registry.example.org/*', ami-0a1b2c3d]",
            items=TEXT,
            least=1,
        ),
    },
)
