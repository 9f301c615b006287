"""Any task, pipeline, bucket and volume that a file can describe, in normal form."""

import string

from hypothesis import strategies as st

from stix.model.pipeline import Pipeline
from stix.model.service import LOAD_BALANCING, ReadinessProbe, ReplicaPolicy, Service
from stix.model.storage import ACCESS_MODES, STORES, TYPES, Storage, Volume
from stix.model.task import GitSource, ManagedSecret, Secrets, Task
from tests.unit.spec.strategies import CANDIDATES, HOOKS, TEXT, WORDS

# No `$`: reading fills variables in, so what holds one is not in normal form.
LITERAL = TEXT.filter(lambda text: "$" not in text)
ENV_NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=8)
PATHS = st.text(string.ascii_letters + string.digits + "~./- _", min_size=1, max_size=12).filter(
    lambda path: not path.endswith("/") and not path.startswith("//")
)
ADDRESSES = st.builds("{}://{}/{}".format, st.sampled_from(["s3", "gs", "r2", "cos", "oci", "hf", "cw"]), WORDS, WORDS)
SECONDS = st.integers(0, 10**5) | st.floats(0, 1e5)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | LITERAL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LITERAL, inner, max_size=3),
    max_leaves=6,
)
"""What YAML and JSON can hold alike."""


def tuples(kind: type, **fields: st.SearchStrategy) -> st.SearchStrategy:
    """Tuples with these fields; `builds` would guess those that are not given, too."""
    return st.fixed_dictionaries(fields).map(lambda given: kind(**given))


STORAGE = tuples(
    Storage,
    name=st.none(),
    source=st.none() | ADDRESSES,
    store=st.none() | st.sampled_from([store for store in STORES if store != "VOLUME"]),
    persistent=st.booleans(),
    mode=st.sampled_from(["COPY", "MOUNT"]),
    sub_path=st.none() | PATHS,
    managed=st.none() | st.booleans(),
    force_delete=st.booleans(),
) | tuples(
    Storage,
    name=WORDS,
    source=st.none() | PATHS | st.lists(PATHS, min_size=1, max_size=2).map(tuple),
    mode=st.just("MOUNT_CACHED"),
    type=st.none() | st.sampled_from(TYPES),
    config=st.just({})
    | st.fixed_dictionaries({"mount_cached": st.fixed_dictionaries({"transfers": st.integers(1, 100)})}),
)
VOLUMES = tuples(
    Volume,
    name=WORDS,
    type=st.just("k8s-pvc"),
    infra=st.sampled_from([None, "kubernetes", "kubernetes/context"]),
    size=st.integers(1, 10**5),
    use_existing=st.none() | st.booleans(),
    labels=st.dictionaries(WORDS, WORDS, max_size=2),
    config=st.fixed_dictionaries(
        {}, optional={"access_mode": st.sampled_from(ACCESS_MODES), "storage_class_name": WORDS}
    ),
)

_DELAYS = {"upscale_delay_seconds": st.none() | SECONDS, "downscale_delay_seconds": st.none() | SECONDS}
_FIXED = tuples(
    ReplicaPolicy,
    min_replicas=st.integers(0, 9),
    num_overprovision=st.none() | st.integers(0, 9),
    dynamic_ondemand_fallback=st.none() | st.booleans(),
    base_ondemand_fallback_replicas=st.none() | st.integers(0, 9),
    spot_placer=st.sampled_from([None, "dynamic_fallback"]),
    **_DELAYS,
)
_GROWING = tuples(
    ReplicaPolicy,
    min_replicas=st.integers(0, 4),
    max_replicas=st.integers(4, 9),
    target_qps_per_replica=st.integers(0, 9) | st.floats(0, 100),
    **_DELAYS,
)
_BY_ACCELERATOR = tuples(
    ReplicaPolicy,
    min_replicas=st.integers(0, 4),
    max_replicas=st.integers(4, 9),
    target_qps_per_replica=st.dictionaries(st.sampled_from(["H100", "A100:8"]), st.integers(0, 9), min_size=1),
)
_PROBES = tuples(
    ReadinessProbe,
    path=LITERAL.map("/{}".format),
    initial_delay_seconds=SECONDS,
    timeout_seconds=SECONDS,
    interval_seconds=st.none() | st.integers(11, 99),
    failure_threshold_seconds=st.none() | SECONDS,
    post_data=st.none() | st.dictionaries(LITERAL, PLAIN, max_size=2),
    headers=st.dictionaries(LITERAL, LITERAL, max_size=2),
)
_SERVING = {
    "readiness_probe": _PROBES,
    "ports": st.none() | st.integers(1, 65535),
    "stream_timeout_seconds": st.none() | st.integers(121, 999),
    "tls": st.just({}) | st.fixed_dictionaries({"keyfile": PATHS, "certfile": PATHS}),
}
_POOLS = tuples(ReplicaPolicy, min_replicas=st.integers(0, 9)) | tuples(
    ReplicaPolicy,
    min_replicas=st.integers(0, 4),
    max_replicas=st.integers(4, 9),
    queue_length_threshold=st.integers(1, 9),
    workers=st.none() | st.integers(0, 4),
    **_DELAYS,
)
SERVICES = st.one_of(
    tuples(
        Service,
        replica_policy=_FIXED | _GROWING,
        load_balancing_policy=st.none() | st.sampled_from(LOAD_BALANCING[:2]),
        **_SERVING,
    ),
    tuples(
        Service, replica_policy=_BY_ACCELERATOR, load_balancing_policy=st.just("instance_aware_least_load"), **_SERVING
    ),
    tuples(Service, replica_policy=_POOLS, pool=st.just(True)),
)

_SECRETS = st.builds(
    ManagedSecret,
    st.text(string.ascii_uppercase, min_size=1, max_size=8),
    st.sampled_from([None, "personal", "global"]),
)
_MOUNTED_SECRETS = st.builds(
    ManagedSecret, st.text(string.ascii_uppercase, min_size=1, max_size=8), st.none(), mount_path=PATHS
)
_TASK_VOLUMES = st.dictionaries(
    WORDS.map("/mnt/{}".format),
    WORDS
    | st.fixed_dictionaries({"name": WORDS}, optional={"sub_path": WORDS})
    | st.fixed_dictionaries({"size": st.integers(1, 99).map("{}Gi".format)}),
    max_size=2,
)
_VOLUME_MOUNTS = st.fixed_dictionaries(
    {
        "path": WORDS.map("/mnt/{}".format),
        "is_ephemeral": st.booleans(),
        "volume_config": st.fixed_dictionaries(
            {"name": WORDS, "type": st.just("k8s-pvc"), "cloud": st.just("kubernetes"), "name_on_cloud": WORDS},
            optional={"size": WORDS},
        ),
    },
    optional={"volume_name": WORDS, "sub_path": WORDS},
)
FIELDS = {
    "name": st.none() | WORDS,
    "workdir": st.none() | PATHS | st.builds(GitSource, WORDS, st.none() | WORDS),
    "num_nodes": st.integers(1, 1000),
    "envs": st.dictionaries(ENV_NAMES, TEXT, max_size=3),
    "secrets": st.dictionaries(ENV_NAMES, TEXT, max_size=3).map(Secrets),
    "managed_secrets": st.builds(
        lambda plain, mounted: (*plain, *mounted),
        st.lists(_SECRETS, max_size=2),
        st.lists(_MOUNTED_SECRETS, max_size=2),
    ),
    "file_mounts": st.dictionaries(PATHS, PATHS | ADDRESSES, max_size=3),
    "storage_mounts": st.dictionaries(WORDS.map("/buckets/{}".format), STORAGE, max_size=2),
    "setup": st.none() | TEXT,
    "run": st.none() | TEXT,
    "volumes": _TASK_VOLUMES,
    "service": st.none() | SERVICES,
    "inputs": st.none() | st.tuples(ADDRESSES, st.integers(0, 10**4)),
    "outputs": st.none() | st.tuples(ADDRESSES, st.floats(0, 1e4)),
    "event_callback": st.none() | WORDS,
    "api_server_access": st.sampled_from([None, False]),
    "metadata": st.dictionaries(WORDS, PLAIN, max_size=2),
    "file_mounts_mapping": st.dictionaries(PATHS, WORDS, max_size=2),
    "volume_mounts": st.lists(_VOLUME_MOUNTS, max_size=2).map(tuple),
}
"""Every field of a task but its candidates."""


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """A task of up to three candidates; hooks are the same for all."""
    chosen = draw(CANDIDATES)
    hooks = draw(st.just({}) | st.fixed_dictionaries({"hooks": HOOKS}))
    several = tuple(each.with_(config={**each.config, **hooks}) for each in chosen["resources"])
    fields = draw(st.fixed_dictionaries(FIELDS))
    return Task(**fields, resources=several, resources_order=chosen["resources_order"])


TASKS = tasks()


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Tasks one after another, with or without a name of the whole."""
    found = tuple(draw(st.lists(TASKS, min_size=2, max_size=3)))
    edges = frozenset((place, place + 1) for place in range(len(found) - 1))
    return Pipeline(found, name=draw(st.none() | WORDS), edges=edges)


PIPELINES = pipelines()


@st.composite
def job_groups(draw: st.DrawFn) -> Pipeline:
    """Tasks side by side."""
    names = draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))
    delays = st.integers(0, 99).map("{}s".format)
    return Pipeline(
        tuple(draw(TASKS).with_(name=name) for name in names),
        name=draw(WORDS),
        execution="parallel",
        primary_tasks=tuple(draw(st.lists(st.sampled_from(names), unique=True))),
        termination_delay=draw(
            st.none() | delays | st.dictionaries(st.sampled_from([*names, "default"]), delays, min_size=1)
        ),
        inter_connection=draw(st.none() | st.booleans()),
    )


JOB_GROUPS = job_groups()
