"""A task that wants a model of the Hugging Face Hub: a copy on its node; a mount is refused."""

import json

from tests.lab.hub import TOKEN, Hub


def test_a_model_comes_to_the_node_and_its_token_stays_nowhere(task_file, run_stix, ok, stix_home):
    stix_home.mkdir(mode=0o700, exist_ok=True)
    with Hub({"config.json": b'{"tiny": true}', "w.bin": b"w" * 3000}) as hub:
        (stix_home / "config.yaml").write_text(json.dumps({"storage": {"hf": {"endpoint": hub.address}}}))
        mounts = {"~/m": "hf://org/tiny@v1", "~/c.json": {"source": "hf://org/tiny@v1/config.json", "mode": "COPY"}}
        task = task_file(run="cat ~/c.json; wc -c <~/m/w.bin", file_mounts=mounts)
        env = {"HF_TOKEN": TOKEN}
        out = ok(run_stix("up", "-y", "-c", "h", "--infra", "local", task, timeout=240, env=env))
        assert '{"tiny": true}' in out and "3000" in out
        files = [path for path in stix_home.rglob("*") if path.is_file() and not path.is_symlink()]
        assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
        ok(run_stix("down", "-y", "h"))
    mounted = task_file(run="ls", file_mounts={"/m": {"source": "hf://org/tiny", "mode": "MOUNT"}})
    refused = run_stix("up", "-y", "-c", "h", "--infra", "local", mounted)
    assert refused.returncode == 2 and "not mounted" in refused.stderr, refused.stderr
