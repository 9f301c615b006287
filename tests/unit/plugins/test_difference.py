"""What modules say that they would change, and when a deadline is near enough to stay."""

import pytest
from ansible_collections.stix.core.plugins.module_utils.deadline import SLACK, kept_deadline
from ansible_collections.stix.core.plugins.module_utils.difference import difference, of_machines, of_marks, of_ports


def test_only_parts_that_change_are_told() -> None:
    machines = of_machines([{"name": "dev-1"}], [("dev-0", "stopped")], ["i-7"])
    told = difference(ports=of_ports([80], ["80"]), machines=machines, marks=of_marks(["dev-0"]))
    assert [(each["before_header"], each["before"], each["after"]) for each in told] == [
        (
            "machines",
            "dev-1: not there\ndev-0: stopped\ni-7: there\n",
            "dev-1: made and started\ndev-0: running\ni-7: removed\n",
        ),
        ("marks", "dev-0: marked otherwise\n", "dev-0: marked as wanted\n"),
    ]
    assert of_ports([], ["80", "90-91"]) == [("no port open", "80, 90-91 open")]


@pytest.mark.parametrize(
    ("have", "want", "kept"),
    [
        ("1000", str(1000 + SLACK), "1000"),
        ("1000", str(1001 + SLACK), str(1001 + SLACK)),
        ("", "1000", "1000"),
        ("1000", "", ""),
        ("", "", ""),
        ("soon", "1000", "1000"),
    ],
)
def test_a_deadline_that_is_near_enough_stays(have: str, want: str, kept: str) -> None:
    assert kept_deadline(have, want) == kept
