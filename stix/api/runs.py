"""What runs did: their folders, read."""

import json
from pathlib import Path
from typing import Any

from stix.api.clusters import open_store
from stix.errors import UsageError
from stix.state.home import Home


def runs(limit: int = 20) -> list[dict[str, Any]]:
    """The newest runs first: `{id, cluster, verb, started_at, ended_at, ok, error}`."""
    return open_store().run_rows(limit)


def run_show(run_id: str = "last") -> dict[str, Any]:
    """What a run decided and did, with the lines that repeat its plays by hand.

    Args:
        run_id: a run's id, the beginning of one, or `last`.

    Raises:
        UsageError: there is no such run.
    """
    folder = _folder(run_id)
    result = _json(folder / "result.json") or {}
    return {
        "id": folder.name,
        "cluster": result.get("cluster"),
        "verb": result.get("verb"),
        "started_at": result.get("started_at"),
        "seconds": result.get("seconds"),
        "ok": result.get("ok"),
        "error": result.get("error"),
        "plan": _json(folder / "plan.json"),
        "plays": [_play(play) for play in result.get("plays", [])] or _unfinished(folder),
        "folder": str(folder),
        "events": sum(1 for _ in open(folder / "events.jsonl", "rb")) if (folder / "events.jsonl").exists() else 0,
    }


def _play(play: dict[str, Any]) -> dict[str, Any]:
    folder = Path(play["folder"])
    return {
        "playbook": play["playbook"],
        "command": _text(folder / "command"),
        "log": str(folder / "ansible.log"),
        "ok": play["ok"],
        "seconds": play["seconds"],
    }


def _unfinished(folder: Path) -> list[dict[str, Any]]:
    """Plays of a run that was killed before it could write its result."""
    stages = [file.parent for file in sorted(folder.glob("**/playbook"))]
    return [
        _play({"folder": str(stage), "playbook": _text(stage / "playbook"), "ok": None, "seconds": None})
        for stage in stages
    ]


def _folder(run_id: str) -> Path:
    folder = Home().runs
    known = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    found = known[-1:] if run_id == "last" else [name for name in known if name.startswith(run_id)]
    if len(found) != 1:
        message = f"{len(found)} runs begin with {run_id!r}" if found else f"there is no run {run_id!r}"
        raise UsageError("usage", message, hint="stix run list shows the newest")
    return folder / found[0]


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""
