"""gitignore's rules, compared with git itself."""

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.stix.core.plugins.module_utils.ignore import walk

CASES = {
    "names": ("*.log\nbuild/\n", ["a.log", "a.txt", "build/x", "sub/build/y", "sub/b.log", "sub/build.txt"]),
    "anchored": ("/top\nsub/inner\n", ["top", "deep/top", "sub/inner", "deep/sub/inner"]),
    "negated": ("*.csv\n!keep.csv\n", ["a.csv", "keep.csv", "sub/keep.csv"]),
    "parent wins": ("data/\n!data/keep\n", ["data/keep", "data/other", "x"]),
    "stars": ("**/cache\nlogs/**\na/**/z\n", ["cache/f", "x/cache/f", "logs/1/2", "a/z", "a/b/c/z", "b/z"]),
    "classes": ("f[0-9].txt\ng[!a-c]\nh?\n", ["f1.txt", "fx.txt", "ga", "gd", "h1", "h12"]),
    "escapes": (
        "\\#hash\n\\!bang\nspace\\ \n# comment\n\ntrail   \n",
        ["#hash", "!bang", "space ", "trail", "# comment"],
    ),
    "folders only": ("thing/\n", ["a/thing/f", "b/thing"]),
    "brackets": ("a[]]b\nc[\n", ["a]b", "c[", "ab"]),
}


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def _kept(root: Path) -> list[str]:
    return sorted(path for path, entry in walk(str(root)) if not entry.is_dir(follow_symlinks=False))


def _git_keeps(root: Path) -> list[str]:
    subprocess.run(["git", "init", "-q", root], check=True)
    words = ["git", "-C", root, "-c", "core.quotePath=off", "ls-files", "-z", "-co", "--exclude-standard"]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in found.split("\0") if name)


@pytest.mark.parametrize("case", CASES)
def test_the_same_files_stay_as_with_git(tmp_path: Path, case: str) -> None:
    rules, files = CASES[case]
    _write(tmp_path, dict.fromkeys(files, "") | {".gitignore": rules})
    assert _kept(tmp_path) == _git_keeps(tmp_path)


def test_nested_files_speak_for_their_folder(tmp_path: Path) -> None:
    files = {
        ".gitignore": "*.bin\n",
        "sub/.gitignore": "!b.bin\n/only\n",
        "a.bin": "",
        "sub/a.bin": "",
        "sub/b.bin": "",
    }
    _write(tmp_path, files | {"sub/only": "", "sub/deep/only": "", "only": ""})
    assert _kept(tmp_path) == _git_keeps(tmp_path)
    assert "sub/b.bin" in _kept(tmp_path) and "sub/only" not in _kept(tmp_path)


def test_the_exclude_file_of_git_counts_and_git_itself_stays_behind(tmp_path: Path) -> None:
    _write(tmp_path, {".gitignore": "", ".git/info/exclude": "mine\n", "mine": "", "a": "", ".git/config": ""})
    assert _kept(tmp_path) == [".gitignore", "a"]


def test_stixignore_goes_before_skyignore_before_gitignore(tmp_path: Path) -> None:
    names = (".stixignore", ".skyignore", ".gitignore")
    _write(tmp_path, {"a": "", "b": "", "c": ""} | dict(zip(names, ("a\n", "b\n", "c\n"), strict=True)))
    for name, gone in zip(names, "abc", strict=True):
        assert gone not in _kept(tmp_path) and len(set("abc") & set(_kept(tmp_path))) == 2
        os.remove(tmp_path / name)
    assert set("abc") <= set(_kept(tmp_path))


def test_of_many_rules_the_last_that_speaks_decides_also_beside_broken_ones(tmp_path: Path) -> None:
    _write(tmp_path, {".gitignore": "a*\n[z-a]\n!ab*\nab?d\n", "abc": "", "abcd": "", "a": "", "b": ""})
    assert _kept(tmp_path) == [".gitignore", "abc", "b"]


def test_git_can_be_brought_back(tmp_path: Path) -> None:
    _write(tmp_path, {".stixignore": "!.git\n", ".git/config": ""})
    assert ".git/config" in _kept(tmp_path)
