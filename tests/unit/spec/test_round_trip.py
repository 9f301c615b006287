"""Any task that can be made can be written and read back unchanged."""

import string

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stix.model.quantities import Quantity, parse_count
from stix.model.resources import NEVER, WAIT_FOR, Autostop, Resources, parse_ports
from stix.model.task import GitSource, Secrets, Task, candidates
from stix.spec.dump import to_config
from stix.spec.load import from_config, load_text

LETTERS = string.ascii_letters
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20)
WORDS = st.text(LETTERS + string.digits, min_size=1, max_size=8)
NUMBERS = st.one_of(st.integers(1, 10**6).map(float), st.floats(1e-6, 1e9))
QUANTITIES = st.builds(Quantity, NUMBERS, st.booleans())
MINUTES = st.one_of(st.just(-1), st.integers(0, 10**5), st.floats(0.01, 1e5))
ENV_NAMES = st.text(LETTERS + "_", min_size=1, max_size=8)
# No `$`: reading replaces variables, so a path that holds one is not in normal form.
PATHS = st.text(LETTERS + string.digits + "~./- _", min_size=1, max_size=12).filter(lambda path: not path.endswith("/"))

AUTOSTOPS = st.one_of(
    st.just(NEVER),
    st.builds(
        Autostop,
        MINUTES,
        st.booleans(),
        st.sampled_from([None, *WAIT_FOR]),
        st.one_of(st.none(), st.floats(0.01, 1e6)),
    ),
)
RESOURCES = st.builds(
    Resources,
    infra=st.sampled_from([None, "local", "ssh", "ssh/rack", "docker", "docker/gpu-box"]),
    cpus=st.none() | QUANTITIES,
    memory=st.none() | QUANTITIES,
    accelerators=st.none()
    | st.dictionaries(
        st.sampled_from(["A100", "T4", "tpu-v2-8", "Own-1"]), st.sampled_from([1, 8, 0.5]), min_size=1, max_size=1
    ),
    image_id=st.none() | WORDS.map("docker:{}".format),
    ports=st.lists(st.integers(1, 65535), max_size=4).map(parse_ports),
    labels=st.dictionaries(TEXT.filter(bool), TEXT, max_size=2),
    disk_size=st.none() | st.integers(1, 10**6),
    autostop=st.none() | AUTOSTOPS,
)
CANDIDATES = st.builds(candidates, st.lists(RESOURCES, min_size=1, max_size=3), st.sampled_from(["any_of", "ordered"]))
TASKS = st.builds(
    lambda fields, chosen: Task(**fields, **chosen),
    st.fixed_dictionaries(
        {
            "name": st.none() | WORDS,
            "workdir": st.none() | PATHS | st.builds(GitSource, WORDS, st.none() | WORDS),
            "num_nodes": st.integers(1, 1000),
            "envs": st.dictionaries(ENV_NAMES, TEXT, max_size=3),
            "secrets": st.dictionaries(ENV_NAMES, TEXT, max_size=3).map(Secrets),
            "file_mounts": st.dictionaries(PATHS, PATHS, max_size=3),
            "setup": st.none() | TEXT,
            "run": st.none() | TEXT,
            "docker_run_options": st.lists(TEXT, max_size=2).map(tuple),
        }
    ),
    CANDIDATES,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TASKS)
def test_config_reads_back(task: Task) -> None:
    config = to_config(task, reveal_secrets=True)
    assert from_config(config) == task
    assert from_config(to_config(from_config(config), reveal_secrets=True)) == task


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TASKS)
def test_yaml_reads_back(task: Task) -> None:
    text = yaml.safe_dump(to_config(task, reveal_secrets=True), allow_unicode=True)
    assert load_text(text) == task


@given(TASKS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_hidden_secrets_are_asked_for_again(task: Task) -> None:
    config = to_config(task)
    assert set(config.get("secrets", {}).values()) <= {None}
    assert from_config(config, secrets=task.secrets) == task


@given(QUANTITIES)
def test_quantity_is_its_text(quantity: Quantity) -> None:
    assert parse_count(str(quantity)) == quantity
