"""What a plan costs before any money is spent: `stix plan` of one task over the full catalog, as a whole process.

With `--with-peer`, the same task in SkyPilot 0.14.1, installed once into an environment of its own below ~/.cache: its
optimizer alone, in one process with its clouds declared enabled and a catalog of our offers of AWS. That is less than
`sky launch --dryrun` does, which asks an API server to do it.
"""

import csv
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

from timing import Figure, absolute, compared, in_turn, report, seconds
from world import World, world

STIX = [sys.executable, "-c", "from stix.cli.start import main; main()"]
"""As the installed script begins."""

TASKS = {
    "gpus.yaml": "resources: {infra: aws, accelerators: A100:8}\nrun: echo\n",
    "anywhere.yaml": "resources: {accelerators: A100:8}\nrun: echo\n",
    "own.yaml": "resources: {cpus: 1+}\nrun: echo\n",
}
PEER_VERSION = "skypilot[aws]==0.14.1"
PEER = """
import sky
from sky import check, global_user_state, optimizer
from sky.clouds import cloud
global_user_state.set_allowed_clouds(check._get_workspace_allowed_clouds("default"), "default")
global_user_state.set_enabled_clouds(["aws"], cloud.CloudCapability.COMPUTE, "default")
with sky.Dag() as dag:
    task = sky.Task(run="echo")
    task.set_resources(sky.Resources(infra="aws", accelerators="A100:8"))
optimizer.Optimizer.optimize(dag)
"""


def measure(rounds: int) -> Iterator[Figure]:
    """Whole processes against `python -c pass` of the same interpreter, and against SkyPilot's where asked."""
    peer = _peer_python() if "--with-peer" in _ASKED else None
    with world() as here:
        for name, text in TASKS.items():
            (here.root / name).write_text(text)
        here.stix("plan", str(here.root / "gpus.yaml"))
        cases = {"pass": lambda: seconds([sys.executable, "-c", "pass"], env=here.env)}
        for name in TASKS:
            cases[name] = lambda name=name: seconds([*STIX, "plan", str(here.root / name)], env=here.env)
        cases["json"] = lambda: seconds([*STIX, "plan", str(here.root / "gpus.yaml"), "-o", "json"], env=here.env)
        cases["costs"] = lambda: seconds([*STIX, "cost-report"], env=here.env)
        times = in_turn(cases, rounds, warmup=2)
        mine = [_peak([*STIX, "plan", str(here.root / "gpus.yaml")], here.env) for _ in range(3)]
        base = times["pass"]
        yield compared("stix plan, A100:8 on AWS", times["gpus.yaml"], "python -c pass", base, 8)
        yield compared("stix plan, A100:8 on AWS, -o json", times["json"], "python -c pass", base, 8)
        yield compared("stix plan, A100:8 anywhere", times["anywhere.yaml"], "python -c pass", base, 8)
        yield compared("stix plan, this machine", times["own.yaml"], "python -c pass", base, 8)
        yield compared("stix cost-report", times["costs"], "python -c pass", base)
        yield absolute("stix plan, peak resident", mine, "MiB")
        if peer:
            yield from _against(peer, here, times["gpus.yaml"], mine)


def _against(peer: str, here: World, times: list[float], mine: list[float]) -> Iterator[Figure]:
    environ = {"HOME": str(here.root / "peer"), "PATH": os.environ["PATH"], "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"}
    _peer_catalog(here, Path(environ["HOME"]) / ".sky" / "catalogs" / "v8")
    took = [seconds([peer, "-c", PEER], env=environ) for _ in range(3)]
    peaks = [_peak([peer, "-c", PEER], environ) for _ in range(2)]
    yield compared("SkyPilot's optimizer alone", took, "stix plan, A100:8 on AWS", sorted(times)[:3])
    yield Figure(
        "stix plan against it, times faster", sorted(took)[1] / sorted(times)[len(times) // 2], "", 25, at_least=True
    )
    yield Figure("memory of stix plan against it", sorted(mine)[1] / min(peaks), "", 0.1, "MiB", min(peaks))


def _peak(words: list[str], env: dict[str, str]) -> float:
    """Peak resident memory of a process, in MiB."""
    pid = os.posix_spawn(words[0], words, env, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(words)[:200]} ended with {status}")
    return usage.ru_maxrss / 1024


def _peer_python() -> str:
    """SkyPilot's interpreter, in an environment that is made when it is asked for the first time."""
    folder = Path("~/.cache/stix-bench/skypilot-0.14.1").expanduser()
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", PEER_VERSION], check=True)
        (folder / "ready").touch()
    return str(python)


def _peer_catalog(here: World, folder: Path) -> None:
    """Our offers of AWS in the columns that SkyPilot reads."""
    from stix.catalog.database import Catalog

    heads = (
        "InstanceType AcceleratorName AcceleratorCount vCPUs MemoryGiB GpuInfo Price SpotPrice Region AvailabilityZone"
    )
    (folder / "aws").mkdir(parents=True)
    (folder / "common").mkdir()
    rows = list(Catalog.open(here.stix_home).rows(clouds=["aws"]))
    with open(folder / "aws" / "vms.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow([*heads.split(), "Arch"])
        for row in rows:
            for zone in (row.zones or row.region).split(";"):
                size = [row.name, row.accelerator, row.count, row.cpus, row.memory, ""]
                table.writerow([*size, row.price, row.spot, row.region, zone, row.arch])
    (folder / "aws" / "images.csv").write_text("Tag,Region,OS,OSVersion,ImageId,CreationDate,BaseImageId\n")
    names = sorted({row.accelerator for row in rows if row.accelerator})
    text = "".join(f"{name},aws,False\n" for name in names)
    (folder / "common" / "accelerators.csv").write_text("AcceleratorName,Clouds,Hidden\n" + text)


_ASKED = [word for word in sys.argv if word == "--with-peer"]

if __name__ == "__main__":
    sys.argv = [word for word in sys.argv if word not in _ASKED]
    report(measure, rounds=15)
