"""docs/reference/conformance.md: what is proven on which cloud. `python -m tests.conformance.table` writes it."""

import importlib
from pathlib import Path

from tests.conformance.rows import proofs_of, why_not
from tests.conformance.suite import Suite

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "reference" / "conformance.md"

HEAD = """# Conformance

One suite of checks, `tests/conformance`, runs on every cloud that stix has a role for: on a real Docker Engine, real
SSH machines, a real Kubernetes, and on accounts of clouds that answer as those do (`tests/lab/README.md` says how real
each is). This page is made from the suite (`python -m tests.conformance.table`) and compared with it by a test.

`yes` is proven by the suite; a number is the reason below for which a check cannot apply.

"""

INTEGRATION = FOLDER.parent / "integration"
BESIDE = (
    ("a task on two containers, from up to down", "launch/test_docker.py"),
    ("a task on two machines of one's own, claimed and freed", "launch/test_ssh.py"),
    (
        "a task on two EC2 instances that are real SSH machines; a zone without room, another region",
        "launch/test_aws.py",
    ),
    ("a task on two virtual machines of Azure that are SSH machines", "launch/test_azure.py"),
    ("a task on two instances of Google Cloud that are SSH machines", "launch/test_gcp.py"),
    ("a task on two pods", "launch/test_kubernetes.py"),
    ("stix itself killed in the middle of each command", "launch/test_crash.py"),
    (
        "what only AWS has: images, disks, spot, key pairs, the VPC",
        "ansible/test_aws.py ansible/test_aws_machines.py ansible/test_aws_account.py",
    ),
    ("what only Google Cloud has", "ansible/test_gcp.py ansible/test_gcp_machines.py ansible/test_gcp_os_login.py"),
    ("what only Azure has", "ansible/test_azure.py ansible/test_azure_machines.py"),
    (
        "what only Kubernetes has: taints, rights, pod_config, ingress, eviction",
        "ansible/test_kubernetes.py ansible/test_kubernetes_account.py",
    ),
)
"""What is proven beside the suite, and the files below tests/integration that do."""


def suites() -> dict[str, type[Suite]]:
    """Cloud -> its suite, in the order of names."""
    found = {}
    for file in sorted(FOLDER.glob("test_*.py")):
        module = importlib.import_module(f"tests.conformance.{file.stem}")
        mine = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Suite)]
        found |= {each.backend.name: each for each in mine if each is not Suite}
    return found


def render() -> str:
    """The page."""
    clouds = suites()
    reasons: list[str] = []
    lines = [f"| check | {' | '.join(clouds)} |", "|---" * (len(clouds) + 1) + "|"]
    for rows in proofs_of(Suite).values():
        for row in rows:
            cells = [_cell(why_not(row, suite.backend.cannot), reasons) for suite in clouds.values()]
            lines.append(f"| {row.says} | {' | '.join(cells)} |")
    why = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    beside = [f"| {what} | {', '.join(f'`{file}`' for file in files.split())} |" for what, files in BESIDE]
    beside = ["## Beside the suite", "", "| proven | by, below `tests/integration` |", "|---|---|", *beside]
    return HEAD + "\n".join([*lines, "", *why, "", *beside, ""])


def _cell(reason: str, reasons: list[str]) -> str:
    if not reason:
        return "yes"
    if reason not in reasons:
        reasons.append(reason)
    return str(reasons.index(reason) + 1)


if __name__ == "__main__":
    PAGE.write_text(render())
