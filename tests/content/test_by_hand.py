"""The blocks of docs/guides/by-hand.md are run as they stand."""

import os
import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "by-hand.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_every_command_works_in_the_order_of_the_page(safe_world: Path) -> None:
    for name in ("inventories", "collections", "ansible.cfg", "examples"):
        (safe_world / name).symlink_to(ROOT / name)
    for line, expected in commands():
        if line.startswith("cat logs"):
            _finish_jobs(safe_world)
            _run("ansible-playbook -i inventories/local stix.core.logs", safe_world)
        printed = _run(line, safe_world)
        assert re.search(expected, printed), printed
    assert not (safe_world / ".stix" / "local" / "here-0").exists()


def commands() -> list[tuple[str, str]]:
    """Command -> pattern of what the page shows as its output; `...` stands for anything."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            found.append((line, re.escape(output.strip()).replace(r"\.\.\.", ".*")))
    return found


def test_the_inventory_on_the_page_is_read(tmp_path: Path) -> None:
    [text] = blocks("yaml")
    (tmp_path / "hosts.yml").write_text(text)
    listed = yaml.safe_load(_run(f"ansible-inventory -i {tmp_path}/hosts.yml --list", ROOT))
    assert listed["stix_nodes"]["hosts"] == ["demo-0", "demo-1"] and listed["stix_head"]["hosts"] == ["demo-0"]


def _run(line: str, folder: Path) -> str:
    done = subprocess.run(
        line, shell=True, cwd=folder, capture_output=True, text=True, timeout=120, env=dict(os.environ)
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def _finish_jobs(home: Path) -> None:
    agent = home / ".stix" / "local" / "here-0" / "here" / ".stix" / "agent"
    words = f"python3 {agent}/skylet.pyz --home {agent} logs --job 1 --follow"
    subprocess.run(words, shell=True, timeout=60, capture_output=True)
