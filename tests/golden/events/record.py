"""Records the raw events of real plays for tests/unit/driver/test_events.py: `python tests/golden/events/record.py`."""

import json
import os
import sys
import tempfile
from pathlib import Path

import ansible_runner
import yaml

HERE = Path(__file__).parent
KEPT = ("event", "stdout", "event_data")
DATA = (
    *("play", "name", "task", "task_action", "role", "host", "res", "duration", "ignore_errors"),
    *("ok", "failures", "dark", "changed", "skipped"),
)


def record(case: Path) -> None:
    """Plays `given.yaml` of a case and writes `raw.jsonl`, without what differs between machines and is not read."""
    given = yaml.safe_load((case / "given.yaml").read_text())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hosts.yml").write_text(yaml.safe_dump(given["inventory"]))
        lines: list[str] = []

        def on_event(raw: dict) -> bool:
            kept = {key: raw.get(key) for key in KEPT}
            kept["event_data"] = {key: value for key, value in (raw.get("event_data") or {}).items() if key in DATA}
            lines.append(json.dumps(kept).replace(folder, "/work"))
            return False

        environment = {"ANSIBLE_COLLECTIONS_PATH": str(HERE.parents[2] / "collections"), "HOME": folder}
        environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        os.environ |= environment | {"ANSIBLE_LOCALHOST_WARNING": "false"}
        done = ansible_runner.run(
            private_data_dir=folder,
            inventory=f"{folder}/hosts.yml",
            playbook=given["playbook"],
            event_handler=on_event,
            quiet=True,
        )
        end = {"end": {"type": "end", "status": done.status, "rc": done.rc}}
        (case / "raw.jsonl").write_text("".join(f"{line}\n" for line in [*lines, json.dumps(end)]))


if __name__ == "__main__":
    for file in sorted(HERE.glob("*/given.yaml")):
        record(file.parent)
