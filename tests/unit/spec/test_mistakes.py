"""What people get wrong in task files, and what stix answers: where, what, and what to do about it.

Read the table as a user would: messages stand here as they are shown.
"""
# ruff: noqa: E501

import pytest

from stix.errors import UsageError
from stix.spec.load import load_pipeline

MISTAKES = {
    "letters swapped": (
        "nmae: train\n",
        "1:1: unknown key 'nmae'",
        "did you mean 'name'?",
    ),
    "a key's other case": (
        "Name: train\n",
        "1:1: unknown key 'Name'",
        "did you mean 'name'?",
    ),
    "a dash for an underscore": (
        "num-nodes: 2\n",
        "1:1: unknown key 'num-nodes'",
        "did you mean 'num_nodes'?",
    ),
    "singular": (
        "env:\n  A: 1\n",
        "1:1: unknown key 'env'",
        "did you mean 'envs'?",
    ),
    "another program's word": (
        "command: python train.py\n",
        "1:1: unknown key 'command'",
        "here it is called 'run'",
    ),
    "another program's word, below": (
        "image: ubuntu\n",
        "1:1: unknown key 'image'",
        "it belongs under 'resources' and is called 'image_id' there",
    ),
    "gpus at the top": (
        "gpus: A100:8\n",
        "1:1: unknown key 'gpus'",
        "it belongs under 'resources'",
    ),
    "use_spot at the top": (
        "use_spot: true\nrun: x\n",
        "1:1: unknown key 'use_spot'",
        "it belongs under 'resources'",
    ),
    "replicas at the top": (
        "replicas: 2\n",
        "1:1: unknown key 'replicas'",
        "it belongs under 'service'",
    ),
    "run under resources": (
        "resources:\n  cpus: 4\n  run: echo\n",
        "3:3: unknown key 'run' under 'resources'",
        "it belongs at the top of the file",
    ),
    "a key that is nowhere": (
        "colour: red\n",
        "1:1: unknown key 'colour'",
        "valid here: name, workdir, num_nodes, resources, envs, secrets, managed_secrets, file_mounts, setup, run, volumes, service, pool, inputs, outputs, config, event_callback, api_server_access",
    ),
    "a command as the name of a secret": (
        "managed_secrets: [GOOD, \"x'; id; '\"]\n",
        "1:25: 'managed_secrets[1]' must be named with letters, digits and . _ - /, not \"x'; id; '\"",
        "",
    ),
    "an option as the name of a secret": (
        "secrets: {--help: null}\n",
        "1:11: 'secrets.--help' must be named with letters, digits and . _ - /, not '--help'",
        "",
    ),
    "misspelt below": (
        "resources:\n  acelerators: A100\n",
        "2:3: unknown key 'acelerators' under 'resources'",
        "did you mean 'accelerators'?",
    ),
    "misspelt in a candidate": (
        "resources:\n  any_of:\n    - infra: aws\n      use_spots: true\n",
        "4:7: unknown key 'use_spots' under 'resources.any_of[0]'",
        "did you mean 'use_spot'?",
    ),
    "cyrillic letter": (
        "n\u0430me: train\n",
        "1:1: unknown key 'n\u0430me'",
        "its letter 2 is 'cyrillic small letter a' (U+0430); did you mean 'name'?",
    ),
    "invisible letter": (
        "name\u200b: train\n",
        "1:1: unknown key 'name\\u200b'",
        "its letter 5 is 'zero width space' (U+200B); did you mean 'name'?",
    ),
    "full width": (
        "\uff4eame: train\n",
        "1:1: unknown key '\uff4eame'",
        "its letter 1 is 'fullwidth latin small letter n' (U+FF4E); did you mean 'name'?",
    ),
    "number as name": (
        "name: 123\n",
        "1:1: 'name' must be text, not the number 123",
        "write it in quotes to make it text",
    ),
    "text as number": (
        "num_nodes: two\n",
        "1:1: 'num_nodes' must be a whole number, not the text 'two'",
        "for example: num_nodes: 2",
    ),
    "zero nodes": (
        "num_nodes: 0\n",
        "1:1: 'num_nodes' must be at least 1, not 0",
        "for example: num_nodes: 2",
    ),
    "half a node": (
        "num_nodes: 1.5\n",
        "1:1: 'num_nodes' must be a whole number, not the number 1.5",
        "for example: num_nodes: 2",
    ),
    "envs as a list": (
        "envs:\n  - A=1\n",
        "1:1: 'envs' must be a map, not a list",
        "for example: envs: {EPOCHS: 10}",
    ),
    "run as a list": (
        "run:\n  - echo\n  - ls\n",
        "1:1: 'run' must be text, not a list",
        "several lines go below 'run: |', each indented",
    ),
    "resources as a list": (
        "resources:\n  - cpus: 4\n",
        "1:1: 'resources' must be a map, not a list",
        "for example: resources: {cpus: 4+}",
    ),
    "yes-no as text": (
        "resources: {use_spot: 'yes'}\n",
        "1:13: 'resources.use_spot' must be true or false, not the text 'yes'",
        "for example: use_spot: true",
    ),
    "env value is a map": (
        "envs:\n  A: {b: c}\n",
        "2:3: 'envs.A' must be one value, not a map",
        "for example: EPOCHS: 10",
    ),
    "env without a value": (
        "envs:\n  A:\n",
        "2:3: environment variable 'A' has no value",
        'give it with --env A=VALUE; write A: "" if it shall be empty',
    ),
    "env with a bad name": (
        "envs:\n  my-var: 1\n",
        "2:3: 'envs.my-var' must be named with letters, digits and underscores, the first no digit, not 'my-var'",
        "",
    ),
    "cpus in words": (
        "resources: {cpus: many}\n",
        "1:13: 'resources.cpus' must be a number above zero such as 4 or 4+, not 'many'",
        "for example: cpus: 4+",
    ),
    "negative cpus": (
        "resources: {cpus: -4}\n",
        "1:13: 'resources.cpus' must be a number above zero such as 4 or 4+, not -4",
        "for example: cpus: 4+",
    ),
    "memory with odd unit": (
        "resources: {memory: 16 gigs}\n",
        "1:13: 'resources.memory' must be a size such as 16, 16+, 16GB or 4x (GiB without a unit), not '16 gigs'",
        "for example: memory: 16+",
    ),
    "accelerator count in words": (
        "resources: {accelerators: A100:eight}\n",
        "1:13: 'resources.accelerators' must be a name and a count such as A100:8, not 'A100:eight'",
        "for example: accelerators: A100:8",
    ),
    "no accelerators": (
        "resources: {accelerators: A100:0}\n",
        "1:13: 'resources.accelerators' must ask for more than none of an accelerator, not 'A100:0'",
        "for example: accelerators: A100:8",
    ),
    "unknown cloud": (
        "resources: {infra: awss}\n",
        "1:13: 'resources.infra' names 'awss', which is no infrastructure that stix knows",
        "did you mean 'aws'?",
    ),
    "infra with too many parts": (
        "resources: {infra: aws/us-east-1/us-east-1a/x}\n",
        "1:13: 'resources.infra' must be a cloud, cloud/region or cloud/region/zone, not 'aws/us-east-1/us-east-1a/x'",
        "for example: infra: ssh/rack",
    ),
    "port too high": (
        "resources: {ports: 99999}\n",
        "1:13: 'resources.ports' must be ports from 1 to 65535 such as 8080 or 9000-9010, not '99999'",
        "for example: ports: [8080, 9000-9010]",
    ),
    "port range backwards": (
        "resources: {ports: 9010-9000}\n",
        "1:13: 'resources.ports' must be ports from 1 to 65535 such as 8080 or 9000-9010, not '9010-9000'",
        "for example: ports: [8080, 9000-9010]",
    ),
    "unknown disk tier": (
        "resources: {disk_tier: fast}\n",
        "1:13: 'resources.disk_tier' must be 'low', 'medium', 'high', 'ultra' or 'best', not the text 'fast'",
        "for example: disk_tier: high",
    ),
    "misspelt disk tier": (
        "resources: {disk_tier: hihg}\n",
        "1:13: 'resources.disk_tier' must be 'low', 'medium', 'high', 'ultra' or 'best', not the text 'hihg'",
        "did you mean 'high'?",
    ),
    "unknown mode": (
        "file_mounts:\n  /data:\n    source: s3://b\n    mode: MONT\n",
        "4:5: 'file_mounts./data.mode' must be 'MOUNT', 'COPY' or 'MOUNT_CACHED', not the text 'MONT'",
        "did you mean 'MOUNT'?",
    ),
    "unknown store": (
        "file_mounts:\n  /data: {name: b, store: s4}\n",
        "2:20: 'file_mounts./data.store' must be 'S3', 'GCS', 'AZURE', 'R2', 'IBM', 'OCI', 'NEBIUS', 'COREWEAVE', 'VASTDATA', 'HF' or 'VOLUME', not the text 's4'",
        "for example: store: s3",
    ),
    "negative price": (
        "resources: {max_hourly_cost: -1}\n",
        "1:13: 'resources.max_hourly_cost' must be above 0, not -1",
        "for example: max_hourly_cost: 2.5",
    ),
    "autostop in odd words": (
        "resources: {autostop: soon}\n",
        "1:13: 'resources.autostop' must be a duration such as 10 (minutes), 10m or 1h, not 'soon'",
        "for example: autostop: 10m",
    ),
    "any_of and ordered": (
        "resources:\n  any_of: [{cpus: 4}]\n  ordered: [{cpus: 8}]\n",
        "3:3: 'resources' has both 'any_of' and 'ordered'",
        "keep one of the two",
    ),
    "service without probe": (
        "service:\n  readiness_probe: {initial_delay_seconds: 5}\n",
        "2:3: 'service.readiness_probe' needs 'path'",
        "for example: path: /health",
    ),
    "replica policy without least": (
        "service:\n  readiness_probe: /\n  replica_policy: {max_replicas: 3}\n",
        "3:3: 'service.replica_policy' needs 'min_replicas'",
        "for example: min_replicas: 1",
    ),
    "unknown policy": (
        "service:\n  readiness_probe: /\n  load_balancing_policy: roundrobin\n",
        "3:3: 'service.load_balancing_policy' must be 'round_robin', 'least_load' or 'instance_aware_least_load', not the text 'roundrobin'",
        "did you mean 'round_robin'?",
    ),
    "git workdir without url": (
        "workdir: {ref: main}\n",
        "1:1: 'workdir' needs 'url'",
        "for example: url: https://github.com/org/repo",
    ),
    "mount without a source": (
        "file_mounts:\n  /data:\n",
        "2:3: '/data' in 'file_mounts' has no source",
        "for example: ~/data: ./data",
    ),
    "mounts as a list": (
        "file_mounts:\n  - ./a:/b\n",
        "1:1: 'file_mounts' must be a map, not a list",
        "for example: file_mounts: {~/data: ./data}",
    ),
    "key twice": (
        "run: a\nrun: b\n",
        "2:1: key 'run' is already set in line 1",
        "keep one of the two",
    ),
    "tab": (
        "resources:\n\tcpus: 4\n",
        "2:1: the line is indented with a tab",
        "YAML allows only spaces there",
    ),
    "colon in a value": (
        "run: echo a: b\n",
        "1:12: a colon makes a key here, where none can be",
        "put the value in quotes, or mend the indentation",
    ),
    "quote not closed": (
        "run: 'echo\nname: x\n",
        "1:6: a quote is opened here and never closed",
        "close it with the same sign",
    ),
    "bracket not closed": (
        "resources: {cpus: 4\nrun: x\n",
        "1:12: a bracket is opened here and not closed before line 2",
        "close it, or put a comma between entries",
    ),
    "wrong indentation": (
        "resources:\n   cpus: 4\n  memory: 8\n",
        "3:3: this line does not stand in one column with the keys before it",
        "give keys of one map the same indentation, or close the quotes above",
    ),
    "no space after colon": (
        "name:train\nrun: x\n",
        "1:5: no space stands after the colon here",
        "write 'key: value'",
    ),
    "at sign": (
        "name: @train\n",
        "1:7: a value cannot begin with this character",
        "put the value in quotes",
    ),
    "star": (
        "run: *echo\n",
        "1:6: an unquoted * or & is misused",
        "write a value that begins with it in quotes",
    ),
    "python tag": (
        "run: !!python/object/apply:os.system ['ls']\n",
        "1:6: the tag '!!python/object/apply:os.system' does not belong here: a task file holds plain data",
        "take the tag out",
    ),
    "only text": (
        "echo hello\n",
        "1:1: a task must be a map, not the text 'echo hello'",
        "for example: run: echo hello",
    ),
    "only a list": (
        "- run: x\n",
        "1:1: a task must be a map, not a list",
        "for example: run: echo hello",
    ),
    "spot recovery that is not": (
        "resources: {job_recovery: {strategy: FAILOVR}}\n",
        "1:28: 'resources.job_recovery.strategy' must be 'FAILOVER', 'EAGER_NEXT_REGION' or 'none', not the text 'FAILOVR'",
        "did you mean 'FAILOVER'?",
    ),
    "exit code": (
        "resources: {job_recovery: {recover_on_exit_codes: [300]}}\n",
        "1:52: 'resources.job_recovery.recover_on_exit_codes[0]' must be from 0 to 255, not 300",
        "for example: - 137",
    ),
    "priority": (
        "resources: {priority: 5000}\n",
        "1:13: 'resources.priority' must be from -1000 to 1000, not 5000",
        "for example: priority: 100",
    ),
    "label value": (
        "resources: {labels: {a: 1}}\n",
        "1:22: 'resources.labels.a' must be text, not the number 1",
        "write it in quotes to make it text",
    ),
    "job group": (
        "name: g\nexecution: parallel\n---\nname: a\nrun: x\n---\nname: b\nrun: y\n",
        "2:1: 'execution: parallel' makes this a job group, not a pipeline",
        "a pipeline is 'execution: serial', or says nothing",
    ),
}
"""What is wrong -> the text, the message after the file's name, the hint."""


@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_told(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        load_pipeline(text)
    error = raised.value
    assert (error.message, error.hint) == (f"task.yaml:{message}", hint)
    assert error.exit_status == 2 and {"file", "line", "column"} <= error.details.keys()


def test_messages_are_one_sentence() -> None:
    for _, message, hint in MISTAKES.values():
        assert not message.endswith(".") and "\n" not in message and len(message) < 200
        assert not hint.endswith(".") and "\n" not in hint


def test_an_endless_word_is_cut_short() -> None:
    with pytest.raises(UsageError) as caught:
        load_pipeline(f"resources: {{infra: {'a' * 9000}}}\n")
    assert len(caught.value.message) < 250
    assert f"names '{'a' * 100}...', which is no infrastructure" in caught.value.message
