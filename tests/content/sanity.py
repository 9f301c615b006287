"""The collection before Ansible's own judges, which take minutes: `make sanity`, or `python -m tests.content.sanity`.

ansible-lint (profile production, nothing suppressed), antsibull-docs, antsibull-changelog, `ansible-test sanity` look
at a copy of the collection that stands beside copies of those it depends on. Words after the command are names of
sanity tests; without them all run that need no compiler or other network than PyPI. ansible-test is told to ignore the
licence, as it wants GPLv3 headers in modules and these are under Apache-2.0, and what `IGNORED` says.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ansible
import ansible_collections
import yaml

from stix.runner.collection_copy import copy

ROOT = Path(__file__).parents[2]
BESIDE = ("CHANGELOG.md", "LICENSE", "README.md", "changelogs", "examples", "execution-environment.yml", "extensions")
BOOTSTRAP = """\
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"])
words = [word for word in sys.argv[1:] if not word.startswith("--no-")]
subprocess.check_call([sys.executable, "-m", "pip", "install", *words])
"""
"""In the place of the script that ansible-test would download to get pip: Python has it with it."""

IGNORED = (
    "plugins/modules/node_setup.py use-argspec-type-path",  # homes of users, and a key of a dictionary: no argument
    "roles/cloud_kubernetes/files/rbac.yml yamllint:multiple-yaml-documents",  # it is for kubectl
)
SANITY = """
    action-plugin-docs ansible-doc changelog compile empty-init ignores import line-endings no-assert no-get-exception
    no-illegal-filenames no-smart-quotes pep8 pslint replace-urlopen runtime-metadata shebang symlinks
    use-argspec-type-path use-compat-six validate-modules yamllint
    """.split()


def main(chosen: list[str]) -> int:
    """Run all judges; 0 when none complains."""
    with tempfile.TemporaryDirectory(prefix="stix-sanity-") as made:
        collection = stand(Path(made))
        environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": made, "PYTHONPATH": "", "HOME": made}
        environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        lines = [] if chosen else [
            ["ansible-lint", "--offline", "--profile", "production", "-q"],
            ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "dependent", "."],
            ["antsibull-changelog", "lint"],
        ]  # fmt: skip
        bad = [line for line in lines if run(line, collection, environment)]
        ignore(collection)
        lines = [["ansible-test", "sanity", "--python", version, "--test", name] for name in chosen or SANITY]
        bad += [line for line in lines if run(line, collection, environment)]
    print("all is well" if not bad else "complaints from: " + ", ".join(" ".join(line) for line in bad))
    return 1 if bad else 0


def run(line: list[str], folder: Path, environment: dict[str, str]) -> int:
    print("$", *line, flush=True)
    return subprocess.run(line, cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def stand(folder: Path) -> Path:
    """The copy of the collection in a repository of its own, as ansible-test wants it."""
    collection = copy(folder)
    for name in BESIDE:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, collection / name)
    needed = [*yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"]]
    for name in [*needed, "community.library_inventory_filtering_v1"]:
        path = name.replace(".", "/")
        shutil.copytree(Path(ansible_collections.__path__[0], path), folder / "ansible_collections" / path)
    for line in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "x"]):
        subprocess.run(["git", *line], cwd=collection, check=True)
    cache = folder / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True)
    for number in pip_versions():
        (cache / f"get_pip_{number.replace('.', '_')}.py").write_text(BOOTSTRAP)
    return collection


def ignore(collection: Path) -> None:
    """Write what ansible-test is to ignore; ansible-lint has no need of it."""
    documented = sorted([*collection.glob("plugins/modules/*.py"), *collection.glob("plugins/inventory/*.py")])
    ignored = [f"{path.relative_to(collection)} validate-modules:missing-gplv3-license\n" for path in documented]
    ignored += [f"{entry}\n" for entry in IGNORED]
    core = ".".join(ansible.__version__.split(".")[:2])
    (collection / "tests" / "sanity").mkdir(parents=True)
    (collection / "tests" / "sanity" / f"ignore-{core}.txt").write_text("".join(ignored))


def pip_versions() -> set[str]:
    """The versions of pip that ansible-test asks for."""
    import ansible_test

    source = Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text()
    return set(re.findall(r"pip='([\d.]+)'", source))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
