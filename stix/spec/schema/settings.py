"""The keys of the settings: `config.yaml` of the site and the user, `.stix.yaml` of a project, `--config`.

What a task may set, too, is described in `stix.spec.schema.config`; of the clouds, the same keys hold here.
"""

from stix.spec.schema.config import CONFIG
from stix.spec.schema.events import EVENTS
from stix.spec.schema.key import TEXT, Key
from stix.spec.schema.policy import POLICY, check_cloud
from stix.spec.schema.prices import CATALOG

_MINUTES = ("integer", "number")

OTHER_CLOUDS = (
    "cudo", "do", "fluidstack", "hyperbolic", "ibm", "lambda", "mithril", "nebius", "oci", "paperspace",
    "primeintellect", "runpod", "scp", "seeweb", "shadeform", "verda", "vsphere", "yotta",
)  # fmt: skip
"""Clouds whose settings nothing follows yet."""

_NOT_FOLLOWED = {
    "jobs": "Settings of SkyPilot's managed jobs.",
    "serve": "Settings of SkyPilot's services.",
    "api_server": "SkyPilot's server; stix has none.",
    "workspaces": "SkyPilot's workspaces.",
    "workspace_config": "Defaults of SkyPilot's workspaces.",
    "provision": "How SkyPilot sets machines up.",
    "rbac": "Roles of users of SkyPilot's server.",
    "logs": "Where SkyPilot keeps logs.",
    "daemons": "What runs in SkyPilot's server.",
    "data": "How SkyPilot mounts buckets.",
    "dashboard": "SkyPilot's dashboard.",
    "metrics": "Where SkyPilot's server finds metrics.",
    "plugins": "Settings of SkyPilot's plug-ins.",
}
"""Sections of SkyPilot's that are read and kept, with what they are."""

_STORE = Key(
    ("map",),
    "Settings of one store.",
    keys={
        "endpoint": Key(("text",), "Where it answers.", "endpoint: https://vast.example.org"),
        "region": Key(("text",), "Its region.", "region: eu-west-1"),
        "account": Key(("value",), "The account, where addresses have one.", "account: 0123abcd"),
        "profile": Key(("text",), "The profile of the credentials' file.", "profile: research"),
        "credentials_file": Key(("text",), "Another file of credentials.", "credentials_file: ~/keys/r2"),
        "credentials": Key(
            ("text",),
            "What lets nodes in: the machines' identity, your keys, or nothing.",
            "credentials: identity",
            choices=("identity", "keys", "none"),
        ),
    },
)
_STORES = ("s3", "gcs", "azure", "r2", "ibm", "oci", "nebius", "coreweave", "vastdata")

STORAGE = Key(
    ("map",),
    "Object stores.",
    "storage: {default: r2, r2: {account: 0123abcd}}",
    keys={
        "default": Key(("text",), "The store of new buckets that name none.", "default: r2", choices=_STORES),
        **{name: _STORE._replace(doc=f"Settings of {name}.", example=f"{name}: {{}}") for name in (*_STORES, "hf")},
    },
)

SECRETS = Key(
    ("map",),
    "Where values of secrets are that tasks only name.",
    "secrets: {command: 'pass show stix/{name}'}",
    keys={
        "order": Key(
            ("list",),
            "Where is looked, in which order.",
            "order: [command, environment]",
            choices=("vault", "environment", "command"),
            items=TEXT,
            default="[vault, environment, command]",
        ),
        "vault_files": Key(("text", "list"), "Ansible vaults.", "vault_files: [~/ops/secrets.yml]", items=TEXT),
        "vault_password_file": Key(
            ("text",), "Their password, or what prints it.", "vault_password_file: ~/.vault-password"
        ),
        "vault_password_command": Key(
            ("text", "list"), "What prints it.", "vault_password_command: [pass, show, vault]", items=TEXT
        ),
        "command": Key(
            ("text", "list"), "What prints the value of `{name}`.", "command: pass show stix/{name}", items=TEXT
        ),
    },
)


def _cloud(name: str, more: tuple[str, ...]) -> Key:
    """A task's keys of a cloud, and those that SkyPilot knows in its settings alone."""
    key = CONFIG[name]
    further = {each: Key(doc="SkyPilot's own; read and kept.", works=False) for each in more}
    return key._replace(keys={**further, **key.keys})


SETTINGS = Key(
    ("map",),
    keys={
        "warm": Key(
            ("boolean",), "Whether a process with Ansible imported stays for a while.", "warm: false", default="true"
        ),
        "warm_idle_minutes": Key(
            _MINUTES, "How long it stays without work.", "warm_idle_minutes: 30", least=0, default="10"
        ),
        "lock_timeout_minutes": Key(
            _MINUTES,
            "How long to wait for another run on the same cluster; without end where nothing is said.",
            "lock_timeout_minutes: 5",
            least=0,
        ),
        "survey_seconds": Key(
            _MINUTES,
            "How long a cloud may take to say which machines there are; `gc` gives it five times as long.",
            "survey_seconds: 20",
            above=0,
            default="60",
        ),
        "retry_seconds": Key(
            _MINUTES, "The first pause of --retry-until-up.", "retry_seconds: 60", above=0, default="15"
        ),
        "files": Key(
            ("map",),
            "How code and files go to nodes.",
            "files: {relay: never}",
            keys={
                "relay": Key(
                    ("text",),
                    "Whether large trees go to one node only, which hands them on to the others.",
                    "relay: always",
                    choices=("auto", "always", "never"),
                    default="auto",
                ),
            },
        ),
        "policy": POLICY,
        "admin_policy": Key(
            ("text",),
            "SkyPilot's form of a policy: a Python class, or the address of a server, that sees each launch before "
            "it is planned, and may change or refuse it.",
            "admin_policy: my_package.MyPolicy",
            pattern=r"https?://\S+|[A-Za-z_]\w*(\.[A-Za-z_]\w*)+",
            like="an address that begins with http, or a Python class with its module",
        ),
        "allowed_clouds": Key(
            ("list",), "The only clouds that are used; a rule as those of `policy`.", "allowed_clouds: [aws, gcp]",
            items=Key(("text",), check=check_cloud), least=1,
        ),
        "docker": CONFIG["docker"]._replace(
            keys={
                **CONFIG["docker"].keys,
                "default_image": Key(("text",), "The image of containers that name none.", "default_image: debian:12"),
            }
        ),
        "kubernetes": _cloud("kubernetes", ("apt_mirrors", "post_provision_runcmd", "pricing", "auto_mounts")),
        "aws": _cloud("aws", (
            "vpc_names", "subnet_names", "post_provision_runcmd", "enforce_tags", "capabilities", "remote_identity",
            "instance_tags",
        )),
        "gcp": _cloud("gcp", (
            "prioritize_reservations", "force_enable_external_ips", "capabilities", "remote_identity", "instance_tags",
        )),
        "azure": _cloud("azure", ("storage_account", "capabilities", "instance_tags")),
        "storage": STORAGE,
        "secrets": SECRETS,
        "catalog": CATALOG,
        "events": EVENTS,
        "ssh": _cloud("ssh", ("allowed_node_pools", "context_configs", "remote_identity")),
        "slurm": CONFIG["slurm"],
        "vast": _cloud("vast", ("remote_identity",)),
        "nvidia_gpus": CONFIG["nvidia_gpus"],
        "active_workspace": CONFIG["active_workspace"],
        **{name: Key(("map",), doc, works=False) for name, doc in _NOT_FOLLOWED.items()},
        "db": Key(("text",), "The database of SkyPilot's server.", "db: sqlite:///sky.db", works=False, secret=True),
        **{name: Key(("map",), f"Settings of {name}.", works=False) for name in OTHER_CLOUDS},
    },
)  # fmt: skip
