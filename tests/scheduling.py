"""Which tests run on one worker: those of a file, and all that need the Kubernetes."""

from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

FOLDERS = Path(__file__).parent
KUBERNETES = "kubernetes_lab"


class ByLab(LoadFileScheduling):
    """A Kubernetes takes half a minute to come up and a tenth of a processor to stand: one serves all its tests."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return KUBERNETES if _names_it(file) else file


@cache
def _names_it(file: str) -> bool:
    return KUBERNETES in (FOLDERS.parent / file).read_text()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByLab | None:
    """Take it where tests are given out by their files."""
    return ByLab(config, log) if config.getoption("dist", "no") == "loadfile" else None
