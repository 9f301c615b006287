"""Files made to take all memory or time: each ends soon, below 200 MB, in a model or our own error.

Each in a process of its own, whose address space has an end, so that a test that fails harms nobody.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

LIMIT_MB = 200
SECONDS = 20
MB = 1 << 20

CHILD = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from stix.errors import StixError
from stix.spec.dump import pipeline_config
from stix.spec.load import load_pipeline
from stix.spec.source import read_source
try:
    json.dumps(pipeline_config(load_pipeline(read_source(sys.argv[1]), file="t.yaml")), default=str)
except StixError as error:
    print(error.message[:300].replace(sys.argv[1], "t.yaml"))
# getrusage would tell the peak of whoever started this process, if that was more.
(peak,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak) // 1024)
"""


def _levels(count: int, of: Callable[[int], str]) -> str:
    return "".join(f"a{level}: &a{level} {of(level)}\n" for level in range(count))


def _aliases(level: int) -> str:
    return f"[{', '.join([f'*a{level - 1}'] * 10)}]" if level else "[x, x, x, x, x, x, x, x, x, x]"


def _merges(level: int) -> str:
    return f"{{<<: [{', '.join([f'*a{level - 1}'] * 10)}]}}" if level else "{a: 1, b: 2, c: 3, d: 4}"


def _many(head: str, line: Callable[[int], str], count: int, indent: str = "  ") -> str:
    return head + "".join(f"{indent}{line(number)}\n" for number in range(count))


BOMBS = {
    "aliases of aliases": (_levels(9, _aliases), "has too many values: over 100,000 once its aliases are written out"),
    "merges of merges": (_levels(9, _merges), "has too many values"),
    "a long text, often": (
        _many(f"envs:\n  A: &a {'x' * 900_000}\n", lambda n: f"A{n}: *a", 9000),
        "is too large: over 2 MiB once its aliases are written out",
    ),
    "a long variable, often": (
        f"envs:\n  A: {'x' * 400_000}\nfile_mounts:\n  ~/x: {'$A' * 200_000}\n",
        "has too much text once variables are filled in: over 1 MiB",
    ),
    "lists in lists": ("[" * MB, "is nested too deeply"),
    "dashes": ("- " * (MB // 2), "is nested too deeply"),
    "maps in maps": ("{a: " * (MB // 4), "is nested too deeply"),
    "question marks": ("? " * (MB // 2), "is nested too deeply"),
    "directives": ("".join(f"%TAG !a{n}! t:\n" for n in range(60_000)) + "---\na", "has more than 10 lines"),
    "a long tag": (f"%TAG !a! {'t' * 400_000}\n---\n[{'!a!b c,' * 50_000}]", "defines tags"),
    "50 MB": ("a: b\n" * 10_000_000, "is too large for a task file: over 1 MiB"),
    "documents": ("---\nname: a\n" * 80_000, "has too many values: over 100,000"),
    "values": (f"[{'a,' * (MB // 2 - 2)}]", "has too many values: over 100,000"),
    "unknown keys": (_many("", lambda n: f"a{n}: b", 45_000, ""), "unknown key 'a0'"),
    "wrong exit codes": (
        f"resources: {{job_recovery: {{recover_on_exit_codes: [{'7,' * 60_000}]}}}}",
        "has 7 twice",
    ),
    "a large number": (f"resources: {{cpus: {'9' * 500_000}}}", "has a number of more than 100 digits"),
    "a large number as text": (f"resources: {{cpus: '{'9' * 500_000}'}}", "'resources.cpus' must be"),
    "candidates": (_many("resources:\n  any_of:\n", lambda n: f"  - {{cpus: {n + 1}}}", 30_000), ""),
    "accelerators": (f"resources: {{accelerators: {{{','.join(f'A{n}: 1' for n in range(40_000))}}}}}", ""),
    "ports": (f"resources: {{ports: [{'1-65535,' * 60_000}]}}", ""),
    "envs": (_many("envs:\n", lambda n: f"A{n}: b", 45_000), ""),
    "secrets": (_many("secrets:\n", lambda n: f"A{n}: planted{n}", 30_000) + f"run: {'p' * 100_000}\n", ""),
    "mounts": (_many("file_mounts:\n", lambda n: f"/a{n}: s3://b{n}", 30_000), ""),
    "a name that almost fits": (f"name: {'a-' * 400_000}\n", ""),
    "a duration that almost fits": (
        "file_mounts: {/a: {name: b, mode: MOUNT_CACHED, config: {mount_cached: {vfs_write_back: '"
        + "1.1s" * 100_000
        + "x'}}}}",
        "vfs_write_back' must be a duration",
    ),
}


@pytest.mark.parametrize(("text", "told"), BOMBS.values(), ids=BOMBS)
def test_bomb_ends_soon_and_small(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(file)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *message, peak = done.stdout.splitlines()
    assert told in "".join(message) and bool(told) == bool(message)
    assert int(peak) < LIMIT_MB
