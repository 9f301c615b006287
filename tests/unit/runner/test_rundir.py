"""What stays of a run that was killed."""

from pathlib import Path

from stix.runner.rundir import RunFolder, clear_killed


def staged(folder: RunFolder, name: str) -> Path:
    stage = folder.stage(
        name, {"group_vars/stix_nodes.yml": "url: https://u:s3cret@h/x\n", "hosts.yml": "all:\n"}, "", "p"
    )
    (stage / "ansible.log").write_text("cloning https://u:s3cret@h/x\n")
    return stage


def test_of_a_killed_run_goes_what_may_tell_a_secret(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", tmp_path / "secrets.json")
    folder.begin_telling()
    stages = [staged(folder, name) for name in ("1-up", "2-up")]
    assert len(set(stages)) == 2
    clear_killed(folder.path)
    left = [file for file in folder.path.rglob("*") if file.is_file()]
    assert not any("s3cret" in file.read_text() for file in left) and (stages[1] / "inventory" / "hosts.yml") in left


def test_of_one_that_had_no_secret_all_stays(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", tmp_path / "secrets.json")
    folder.begin_telling()
    folder.end_telling()
    stage = staged(folder, "1-up")
    clear_killed(folder.path)
    assert (stage / "ansible.log").exists() and (stage / "inventory/group_vars/stix_nodes.yml").exists()
