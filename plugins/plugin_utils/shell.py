"""The shell text that runs our program on a node: finds a Python there, frames its output, survives login banners."""

import re
import shlex
from typing import NamedTuple

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

PYTHONS = (
    "python3",
    *(f"python3.{minor}" for minor in range(14, 7, -1)),
    "/usr/bin/python3",
    "/usr/libexec/platform-python",
    "/usr/local/bin/python3",
)
"""Where a node's Python may be; the first of at least 3.8 is taken."""

_FRAME = """\
H={home}
case $H in "~") H=$HOME ;; "~/"*) H=$HOME/${{H#"~/"}} ;; esac
PY= SEEN=
for c in {pythons}; do
  p=$(command -v "$c" 2>/dev/null) || continue
  if "$p" -SEc 'import sys; sys.exit(sys.version_info < (3, 8))' </dev/null >/dev/null 2>&1; then PY=$p; break; fi
  SEEN="$SEEN$p: $("$p" -SEV 2>&1 </dev/null | head -n 1); "
done
if [ -z "$PY" ]; then printf '\\n%s python %s\\n' {mark} "$SEEN"; exit 0; fi
printf '\\n%s begin %s\\n' {mark} "$PY"
{body}
printf '\\n%s end %s\\n' {mark} $?
"""


class Answer(NamedTuple):
    """What came back: the Python used, the bytes between the marks, the exit status of the body."""

    python: str
    output: bytes
    status: int


def command(home: str, body: str, mark: str, python: str | None) -> str:
    """One `/bin/sh -c` line that runs `body` with `$H` (the agent's folder) and `$PY` (the Python) set.

    Args:
        home: the agent's folder on the node; a leading `~/` is the login's home.
        body: shell text.
        mark: a word that nothing else prints.
        python: path of the only Python to try; None tries `PYTHONS`.
    """
    pythons = " ".join(shlex.quote(name) for name in ([python] if python else PYTHONS))
    text = _FRAME.format(home=shlex.quote(home), pythons=pythons, mark=mark, body=body)
    return f"/bin/sh -c {shlex.quote(text)}"


def parse(stdout: bytes, mark: str, host: str) -> Answer | None:
    """The answer in what a node printed, or None when the body did not run to its end.

    Raises:
        Failure: `setup.python`, when the node has no Python that serves.
    """
    word = re.escape(mark.encode())
    missing = re.search(rb"^" + word + rb" python (.*)$", stdout, re.MULTILINE)
    if missing:
        raise _no_python(missing.group(1).decode(errors="replace").strip(" ;\r"), host)
    found = re.search(
        rb"^" + word + rb" begin ([^\n]*)\n(.*)\n" + word + rb" end (\d+)\r?$", stdout, re.MULTILINE | re.DOTALL
    )
    if not found:
        return None
    return Answer(found.group(1).decode().strip(), found.group(2), int(found.group(3)))


def _no_python(seen: str, host: str) -> Failure:
    what = f"found only {seen}" if seen else "found none"
    return Failure(
        "setup.python",
        f"Python 3.8 or newer is missing on '{host}': {what}",
        "Install a python3 package on the machine, or set ansible_python_interpreter to a Python that is there.",
        {"host": host, "found": [part for part in seen.split("; ") if part]},
    )
