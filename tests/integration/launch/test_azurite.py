"""Buckets of Azure, against a real server of its protocol: made, filled, copied, mounted, written to, deleted."""

import json
import subprocess

from tests.conftest import demand
from tests.lab import azurite, buckets


def test_buckets_of_azure_are_filled_copied_mounted_and_deleted(
    task_file, run_stix, ok, stix_home, safe_world, tmp_path
):
    demand(buckets.missing() or azurite.missing())
    local = safe_world / "local"
    (local / "deep").mkdir(parents=True)
    (local / "deep" / "b.txt").write_text("a bear")
    stix_home.mkdir(mode=0o700, exist_ok=True)
    config = tmp_path / "rclone.conf"
    mounts = {
        "~/data": {"name": "filled-data", "store": "azure", "source": str(local), "mode": "COPY"},
        "~/out": {"name": "passing-out", "store": "azure", "persistent": False, "mode": "MOUNT"},
        "~/set": f"https://{azurite.ACCOUNT}.blob.core.windows.net/public/set",
    }
    with azurite.Azurite(tmp_path / "azure") as server:
        settings = {"storage": {"azure": {**server.settings, "account": azurite.ACCOUNT}}}
        (stix_home / "config.yaml").write_text(json.dumps(settings))
        config.write_text("[a]\n" + "".join(f"{key} = {value}\n" for key, value in server.remote.items()))

        def rclone(*words: str, text: str = "") -> str:
            line = ["rclone", f"--config={config}", *words]
            return subprocess.run(line, input=text, capture_output=True, text=True, check=True).stdout

        rclone("rcat", "a:public/set/a.txt", text="an apple")
        task = task_file(run="cat ~/set/a.txt ~/data/deep/b.txt; echo 42 >~/out/answer", file_mounts=mounts)
        out = ok(run_stix("up", "-y", "-c", "b", "--infra", "local", task, timeout=240, env=server.environ))
        assert "an apple" in out and "a bear" in out
        assert rclone("cat", "a:passing-out/answer") == "42\n"
        assert rclone("cat", "a:filled-data/deep/b.txt") == "a bear"
        assert [
            path for path in stix_home.rglob("*") if path.is_file() and server.key.encode() in path.read_bytes()
        ] == []

        ok(run_stix("down", "-y", "b", env=server.environ))
        assert rclone("lsf", "a:").split() == ["filled-data/", "public/"]
        ok(run_stix("storage", "delete", "-y", "filled-data", env=server.environ))
        assert rclone("lsf", "a:").split() == ["public/"]
