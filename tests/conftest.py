"""Makes the world safe for every test, and offers the real things: the stix command, SSH machines, a Docker Engine.

Every test has a short temporary HOME (socket paths have a length limit) and an environment of a few harmless
variables. Whatever it leaves running below that HOME - agents, jobs, stix's background processes - is ended with it.
The folder a test lies in decides its mark.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import buckets, engine, hosts
from tests.lab.k8s import binaries
from tests.lab.k8s.lab import KubernetesLab
from tests.lab.memory import drop_memory_below
from tests.lab.processes import end_processes_of
from tests.scheduling import pytest_xdist_make_scheduler  # noqa: F401 - a hook

ALLOWED = ("PATH", "LANG", "TERM", "TZ", "USER", "LOGNAME", "SHELL", "CI")
ALLOWED_PREFIXES = ("LC_", "PYTHON", "PYTEST_", "PYENV_", "STIX_TEST_", "PIP_", "SSL_", "REQUESTS_CA", "CURL_CA")
FOLDERS = Path(__file__).parent

# Whoever starts the tests in the background may leave them a Ctrl-C that is ignored, and so would all they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the name of its folder."""
    for item in items:
        folder = item.path.relative_to(FOLDERS).parts[0] if item.path.is_relative_to(FOLDERS) else ""
        if folder and not folder.endswith(".py"):
            item.add_marker(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end how many tests were skipped, for which reason."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else "" for report in reports)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"skipped {count}: {reason.removeprefix('Skipped: ')}")


def demand(missing: str) -> None:
    """Skip if something is missing; where that is forbidden (`STIX_TEST_FORBID_SKIPS`), fail."""
    if missing and os.environ.get("STIX_TEST_FORBID_SKIPS"):
        pytest.fail(f"cannot be skipped here: {missing}", pytrace=False)
    if missing:
        pytest.skip(missing)


@pytest.fixture(autouse=True)
def safe_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary HOME and a small environment; yields HOME."""
    home = Path(tempfile.mkdtemp(prefix="sx-", dir="/tmp"))
    for name in list(os.environ):
        if name not in ALLOWED and not name.startswith(ALLOWED_PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("STIX_HOME", str(home / ".stix"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    yield home
    end_processes_of(home)
    buckets.unmount_below(home)
    drop_memory_below(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def stix_home(safe_world: Path) -> Path:
    """The test's stix folder; it does not exist yet."""
    return safe_world / ".stix"


@pytest.fixture
def run_stix(safe_world: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The real command, its output captured as text: `run_stix("status", "-o", "json", cwd=..., env={...})`."""
    root = str(FOLDERS.parent)

    def run(
        *words: str | Path, timeout: float = 300, env: dict[str, str] | None = None, **options: object
    ) -> subprocess.CompletedProcess[str]:
        variables = os.environ | {"PYTHONPATH": root} | (env or {})
        options = {"stdin": subprocess.DEVNULL, "cwd": safe_world} | options
        if "input" in options:
            del options["stdin"]
        command = [sys.executable, "-m", "stix", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=variables, **options)

    return run


@pytest.fixture(scope="session")
def ssh_lab() -> Iterator[hosts.SshLab]:
    """A network for SSH machines, one for each pytest process."""
    demand(hosts.missing())
    with hosts.SshLab() as lab:
        yield lab


@pytest.fixture
def ssh_hosts(ssh_lab: hosts.SshLab) -> Iterator[Callable[..., list[hosts.Host]]]:
    """`ssh_hosts(2, home_size="16m")`: fresh machines (see `SshLab.hosts`), gone after the test."""
    before = list(ssh_lab.made)
    yield ssh_lab.hosts
    ssh_lab.remove([host for host in ssh_lab.made if host not in before])


@pytest.fixture(scope="session")
def docker_lab() -> Iterator[engine.DockerLab]:
    """A Docker Engine, one for each pytest process, or the one that answers already."""
    demand(engine.missing())
    with engine.DockerLab() as lab:
        yield lab


@pytest.fixture
def docker_engine(
    docker_lab: engine.DockerLab, safe_world: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[engine.DockerLab]:
    """The engine, with DOCKER_HOST leading to it; containers and networks of the test are removed after it."""
    for name, value in docker_lab.environment.items():
        monkeypatch.setenv(name, value)
    with docker_lab.cleaned():
        yield docker_lab


@pytest.fixture(scope="session")
def kubernetes_lab() -> Iterator[KubernetesLab]:
    """A Kubernetes of one node, one for each pytest process.

    A clean clone has no programs for it, and not every kernel runs a kubelet as old as these: there it skips.
    """
    if absent := binaries.archive_missing():
        pytest.skip(absent)
    demand(engine.missing() or binaries.missing())
    with contextlib.ExitStack() as stack:
        try:
            lab = stack.enter_context(KubernetesLab())
        except RuntimeError as error:
            pytest.skip(f"a Kubernetes does not come up on this machine: {str(error)[:300]}")
        yield lab
