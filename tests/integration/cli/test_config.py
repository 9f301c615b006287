"""`stix config show` and the layers, by the real command."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

Run = Callable[..., CompletedProcess[str]]


def test_every_layer_is_told_by_file_and_line(safe_world: Path, stix_home: Path, run_stix: Run) -> None:
    stix_home.mkdir()
    site, task = safe_world / "site.yaml", safe_world / "task.yaml"
    site.write_text("retry_seconds: 1\naws: {vpc_name: site}\n")
    (stix_home / "config.yaml").write_text("aws:\n  vpc_name: user\n  ssh_user: me\n")
    (safe_world / ".stix.yaml").write_text("kubernetes: {provision_timeout: 5}\n")
    task.write_text("run: ls\nconfig:\n  aws:\n    ssh_user: task\n")
    words = ("config", "show", "--task", task, "--config", "kubernetes.provision_timeout=6")
    env = {"STIX_SITE_CONFIG": str(site), "STIX_WARM": "0"}
    done = run_stix(*words, "-o", "json", env=env)
    assert done.returncode == 0, done.stderr
    found = {row["key"]: (row["value"], row["origins"][-1]) for row in json.loads(done.stdout)}

    def origin(layer: str, file: object, line: int | None) -> dict[str, object]:
        return {"layer": layer, "file": str(file), "line": line}

    assert found["retry_seconds"] == (1, origin("site", site, 1))
    assert found["aws.vpc_name"] == ("user", origin("user", stix_home / "config.yaml", 2))
    assert found["aws.ssh_user"] == ("task", origin("task", task, 4))
    assert found["kubernetes.provision_timeout"] == (6, origin("flag", "--config", None))
    assert found["warm"] == (False, origin("environment", "$STIX_WARM", None))
    table = run_stix(*words, "--origin", env=env).stdout
    assert any(line.split() == ["aws.ssh_user", "task", "task", f"{task}:4"] for line in table.splitlines()), table
    assert run_stix("config", "show", "aws.vpc_name").stdout == "user\n"

    (safe_world / ".stix.yaml").write_text("retry_seconds: 1\nretry_second: 2\n")
    wrong = run_stix("plan", "--", "ls")
    assert wrong.returncode == 2 and wrong.stderr == (
        "stix: .stix.yaml:2:1: unknown key 'retry_second'\nhint: did you mean 'retry_seconds'?\n"
    )
