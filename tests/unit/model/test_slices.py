"""How many machines a slice of TPUs is."""

import pytest

from stix.model.accelerators import hosts_of


@pytest.mark.parametrize(
    ("name", "hosts"),
    [
        ("tpu-v2-8", 1), ("tpu-v3-32", 4), ("tpu-v4-8", 1), ("tpu-v4-32", 4), ("tpu-v5p-8", 1), ("tpu-v5p-16", 2),
        ("tpu-v5e-1", 1), ("tpu-v5e-8", 1), ("tpu-v5e-16", 4), ("tpu-v5e-256", 64), ("tpu-v6e-8", 1), ("tpu-v6e-32", 8),
        ("tpu-v4-podslice", 1), ("tpu-v99-64", 1), ("A100", 1),
    ],
)  # fmt: skip
def test_hosts_follow_from_the_name(name: str, hosts: int) -> None:
    assert hosts_of({name: 1}) == hosts


def test_what_has_no_accelerator_is_one_machine() -> None:
    assert hosts_of({}) == 1
