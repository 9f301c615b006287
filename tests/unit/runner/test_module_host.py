"""The module host runs modules as a Python of their own would, and nothing is lost where there is none."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from stix.runner import play
from stix.runner.warm_client import Warm
from tests.lab.processes import start_time
from tests.unit.runner.conftest import Stage, until
from tests.unit.runner.test_play import outcome_of, report

WHO = "import os; parent = open(f'/proc/{os.getppid()}/cmdline').read()\n"
HOST = "stix.runner.module_host"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A host and the program that Ansible calls as Python: `host.python`, `host.pid`."""
    folder = tmp_path_factory.mktemp("w")
    warm = Warm(folder, idle_seconds=600)
    warm.start()
    warm.modules_inventory()
    pid = int(warm.modules.path.with_suffix(".pid").read_text())
    yield SimpleNamespace(python=str(warm.programs / "python"), pid=pid, warm=warm)
    for left in warm.pids():
        with contextlib.suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)


def run(host: SimpleNamespace, source: str, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([host.python, *words], input=source, capture_output=True, text=True, timeout=60, **options)


def test_streams_folder_environment_and_status_are_the_callers(host: SimpleNamespace, tmp_path: Path) -> None:
    source = WHO + "import sys; print(os.environ, os.getcwd(), sys.argv, parent); sys.stderr.write('no'); sys.exit(7)"
    done = run(host, source, env={"PATH": os.environ["PATH"], "ONLY": "this"}, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (7, "no")
    assert "'ONLY': 'this'" in done.stdout and "HOME" not in done.stdout and str(tmp_path) in done.stdout
    assert HOST in done.stdout and "['']" in done.stdout


@pytest.mark.parametrize(
    ("source", "status"), [("", 0), ("raise SystemExit", 0), ("raise SystemExit('said')", 1), ("1 / 0", 1)]
)
def test_it_ends_as_python_does(host: SimpleNamespace, source: str, status: int) -> None:
    done, cold = run(host, source), run(SimpleNamespace(python=sys.executable), source)
    assert done.returncode == cold.returncode == status
    assert done.stderr.splitlines()[-1:] == cold.stderr.splitlines()[-1:]


def test_what_is_left_to_do_at_the_end_is_done(host: SimpleNamespace) -> None:
    source = """
import atexit, threading, time
atexit.register(print, "at exit")
threading.Thread(target=lambda: (time.sleep(0.3), print("thread"))).start()
"""
    assert run(host, source).stdout == "thread\nat exit\n"


def test_modules_see_ansible_as_on_any_machine(host: SimpleNamespace) -> None:
    source = """
import sys
from ansible.module_utils import _internal, basic
import ansible.modules.ping
print(_internal.is_controller, any(name.startswith("ansible._internal") for name in sys.modules))
"""
    assert run(host, source).stdout == "False False\n", run(host, source).stderr


def test_what_a_module_imports_is_there_for_the_next(host: SimpleNamespace) -> None:
    source = "import sys; print('botocore' in sys.modules); import botocore"
    assert run(host, source).stdout == "False\n"
    until(lambda: run(host, source).stdout == "True\n")
    until(lambda: "True" in run(host, "import sys; print('mailbox' in sys.modules or True); import mailbox").stdout)
    assert run(host, "import sys; print('mailbox' in sys.modules)").stdout == "False\n", "that is no SDK"


def test_settings_are_the_modules_own_whatever_was_imported_ahead(host: SimpleNamespace, tmp_path: Path) -> None:
    source = "import sys, kubernetes; print(kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION)"
    before = "import sys; print('kubernetes' in sys.modules)"
    assert "other" in run(host, source, env=os.environ | {"KUBECONFIG": "/other"}).stdout
    until(lambda: run(host, before).stdout == "True\n")
    mine = str(tmp_path / "mine")
    for line in (source, "from kubernetes import config; print(config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION)"):
        assert run(host, line, env=os.environ | {"KUBECONFIG": mine}).stdout == f"{mine}\n"


def test_with_arguments_it_is_python(host: SimpleNamespace) -> None:
    done = run(host, "", "-c", WHO + "import sys; print(parent, sys.executable)")
    assert HOST not in done.stdout and sys.executable in done.stdout


def test_many_at_once(host: SimpleNamespace) -> None:
    waiting = [subprocess.Popen([host.python], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(12)]
    said = [process.communicate(b"import os; print(os.getpid())", timeout=60)[0] for process in waiting]
    assert len(set(said)) == 12 and {process.returncode for process in waiting} == {0}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_module_ends_with_who_waits_for_it(host: SimpleNamespace, tmp_path: Path, number: int) -> None:
    note = tmp_path / "pid"
    source = f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(300)"
    waiting = subprocess.Popen([host.python], stdin=subprocess.PIPE, text=True)
    assert waiting.stdin
    waiting.stdin.write(source)
    waiting.stdin.close()
    until(lambda: note.exists() and note.read_text())
    waiting.send_signal(number)
    assert waiting.wait(30) in (143, -9)
    until(lambda: not start_time(int(note.read_text())))
    assert run(host, WHO + "print(parent)").stdout.count(HOST) == 1


def test_a_module_that_will_not_end_is_made_to(host: SimpleNamespace, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    source = f"""
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({str(note)!r}).write_text(str(os.getpid()))
time.sleep(300)
"""
    waiting = subprocess.Popen([host.python], stdin=subprocess.PIPE, text=True)
    assert waiting.stdin
    waiting.stdin.write(source)
    waiting.stdin.close()
    until(lambda: note.exists() and note.read_text())
    waiting.terminate()
    assert waiting.wait(30) == 137, "the answer comes when the module is gone"
    assert not start_time(int(note.read_text()))


def test_without_a_host_the_same_runs_in_a_python_of_its_own(host: SimpleNamespace) -> None:
    os.kill(host.pid, signal.SIGKILL)
    until(lambda: not start_time(host.pid))
    assert host.warm.modules.path.exists(), "a dead socket is left"
    done = run(host, WHO + "print(parent)")
    assert done.returncode == 0 and HOST not in done.stdout
    host.warm.modules_inventory()
    assert HOST in run(host, WHO + "print(parent)").stdout


def test_only_plays_of_an_account_use_it_and_only_for_this_machine(stage: Stage, warm: Warm) -> None:
    task = {"name": "Who", "ansible.builtin.command": "true", "register": "done"}
    seen = "{{ ansible_python_interpreter | basename + ' ' + inventory_hostname }}"
    order = stage.play(task, report(seen), hosts={"localhost": LOCAL, "other": LOCAL})
    plain = outcome_of(play.records(order, warm))
    assert plain.of_kind("check") and not warm.modules.path.exists()
    order = replace(stage.play(task, report(seen), hosts={"localhost": LOCAL, "other": LOCAL}), account=True)
    outcome = outcome_of(play.records(order, warm))
    assert outcome.error is None
    usual = Path(sys.executable).name
    assert set(outcome.of_kind("check")) == {"python localhost", f"{usual} other"} and warm.modules.path.exists()
