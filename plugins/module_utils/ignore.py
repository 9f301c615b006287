"""Which files of a folder stay behind: gitignore's rules, from .stixignore, .skyignore or .gitignore."""

import os
import re
from operator import attrgetter

NAMES = (".stixignore", ".skyignore", ".gitignore")
"""The first that lies in the root of a tree is the one that is read, there and in every folder below."""


class Rules:
    """The patterns of one ignore file; paths are relative to that file's folder."""

    def __init__(self, text):
        self._rules = [rule for rule in map(_rule, text.splitlines()) if rule]
        # Of most paths no rule speaks: one look tells that.
        self._any = re.compile("|".join("(?:%s)" % regex.pattern for regex, _, _ in self._rules) or "(?!)", re.DOTALL)

    def verdict(self, path, is_dir):
        """True: ignored, False: brought back by a `!` pattern, None: no pattern speaks of it."""
        if not self._any.match(path):
            return None
        for regex, negated, dirs_only in reversed(self._rules):
            if (is_dir or not dirs_only) and regex.match(path):
                return not negated
        return None


def walk(root):
    """Every file, link and folder of a tree that is not ignored, sorted, as `(relative path, os.DirEntry)`.

    Args:
        root: path of a folder.
    """
    name = next((name for name in NAMES if os.path.isfile(os.path.join(root, name))), None)
    chain = [("", ALWAYS)]
    if name == ".gitignore":
        chain += _read(os.path.join(root, ".git", "info", "exclude"), "")
    yield from _walk(root, "", name, chain)


def _walk(folder, prefix, name, chain):
    if name:
        chain = chain + _read(os.path.join(folder, name), prefix)
    with os.scandir(folder) as found:
        entries = sorted(found, key=attrgetter("name"))
    for entry in entries:
        path = prefix + entry.name
        is_dir = entry.is_dir(follow_symlinks=False)
        if _ignored(path, is_dir, chain):
            continue
        yield path, entry
        if is_dir:
            yield from _walk(entry.path, path + "/", name, chain)


def _ignored(path, is_dir, chain):
    for prefix, rules in reversed(chain):
        verdict = rules.verdict(path[len(prefix) :], is_dir)
        if verdict is not None:
            return verdict
    return False


def _read(path, prefix):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [(prefix, Rules(file.read()))]
    except OSError:
        return []


def _rule(line):
    """`(regex over the relative path, negated, folders only)`, or None for a comment or an empty line."""
    if line.startswith("#"):
        return None
    line = re.sub(r"(?<!\\)\s+$", "", line)
    negated = line.startswith("!")
    pattern = line[1:] if negated else line
    dirs_only = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    if not pattern:
        return None
    anchored = "/" in pattern
    pattern = pattern.lstrip("/")
    prefix = "" if anchored else "(?:.*/)?"
    try:
        return re.compile(prefix + _regex(pattern) + r"\Z", re.DOTALL), negated, dirs_only
    except re.error:
        return None


def _regex(pattern):
    parts, at = [], 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest.startswith("**/") and (at == 0 or pattern[at - 1] == "/"):
            parts.append("(?:.*/)?")
            at += 3
        elif rest == "**" and (at == 0 or pattern[at - 1] == "/"):
            parts.append(".+")
            at += 2
        elif rest[0] == "*":
            parts.append("[^/]*")
            at += len(rest) - len(rest.lstrip("*"))
        elif rest[0] == "?":
            parts.append("[^/]")
            at += 1
        elif rest[0] == "[":
            end = _class_end(rest)
            if end < 0:
                raise re.error("git lets a pattern with an open class match nothing")
            parts.append(_class(rest[1:end]))
            at += end + 1
        else:
            escaped = rest[0] == "\\" and len(rest) > 1
            parts.append(re.escape(rest[1] if escaped else rest[0]))
            at += 2 if escaped else 1
    return "".join(parts)


def _class_end(rest):
    """Where the `]` of a `[...]` class is, or -1: a `]` right after `[`, `[!` or `[^` is a member."""
    start = 2 if rest[1:2] in ("!", "^") else 1
    return rest.find("]", start + 1)


def _class(body):
    negated = body[0] in "!^"
    members = (body[1:] if negated else body).replace("[", r"\[").replace("]", r"\]")
    return "(?!/)[" + ("^" if negated else "") + members + "]"


ALWAYS = Rules(".git\n")
"""Left out unless an ignore file says `!.git`: it changes with every git command, and can be larger than the code."""
