"""A diagnosis as text: one line a finding, and who can mend it."""

from stix.cli.doctor import render

MACHINE = {
    "part": "machine", "node": "dev-1", "wanted": "running", "found": "stopped", "fix": "starts it", "fixable": True,
}  # fmt: skip
CLOCK = {**MACHINE, "part": "clock", "node": "", "wanted": "right", "found": "wrong", "fix": "set it", "fixable": False}


def told(findings=(), mended=(), infra="docker"):
    return render({"cluster": "dev", "infra": infra, "findings": list(findings), "mended": list(mended)}).splitlines()


def test_each_finding_says_what_is_wanted_what_is_and_who_mends_it():
    assert told([MACHINE, CLOCK]) == [
        "Cluster 'dev' is not as wanted: 2 findings.",
        "NODE   WHAT     WANTED   IS       WHAT MENDS IT",
        "dev-1  machine  running  stopped  --fix: starts it",
        "dev    clock    right    wrong    you: set it",
        "'stix doctor dev --fix' mends 1 of them.",
    ]
    assert told([CLOCK], [MACHINE])[0] == "Mended: 1 finding." and "--fix" not in told([CLOCK])[-1]


def test_nothing_is_wrong_or_nothing_is_left():
    assert told() == ["Cluster 'dev' is as wanted."]
    assert told(mended=[CLOCK], infra=None) == ["Mended: 1 finding.", "Cluster 'dev' is gone, and so is its record."]
