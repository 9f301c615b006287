"""A preview as text: changed lines only, long diffs cut, what cannot be said is said so."""

from stix.cli.preview_view import LONGEST, render


def change(*diff, host="dev-0"):
    return {"step": "up", "host": host, "task": "Do it", "action": "x.y.z", "diff": list(diff)}


def test_changed_lines_and_what_cannot_be_said():
    text = {"before": "same\nold\n", "after": "same\nnew\n", "before_header": "part"}
    maps = {"before": {"state": "absent"}, "after": {"state": "present"}}
    unseen = [{"step": "up", "host": "dev-1", "why": "machine does not exist"}]
    found = render({"changes": [change(text, maps), change({"prepared": "all of it"})], "not_previewable": unseen})
    assert found.splitlines() == [
        "would do: 2 changes (in check mode; nothing was done)",
        "  up, dev-0: Do it",
        "    -old",
        "    +new",
        '    - "state": "absent"',
        '    + "state": "present"',
        "  up, dev-0: Do it",
        "    all of it",
        "  up, dev-1: not previewable: machine does not exist",
    ]


def test_nothing_to_do_and_too_much_to_show():
    assert render({"changes": [], "not_previewable": []}) == "would do: nothing (in check mode; nothing was done)"
    long = render({"changes": [change({"before": "", "after": "line\n" * 50})], "not_previewable": []})
    assert len(long.splitlines()) == 3 + LONGEST and long.endswith(f"... {50 - LONGEST} more lines (-o json has all)")
