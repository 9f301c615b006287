"""Words that are secrets by where they stand: after a flag, in a header, in an address, by the name they are given.

For what is shown of settings and commands that nobody marked as secret. What a task says is a secret is hidden by its
value instead (`stix.model.plan.hidden`). Rather too much is hidden than too little.
"""

import re
from collections.abc import Sequence
from typing import Any

HIDDEN = "(hidden)"

LEAST_TOKEN = 16
"""Letters from which the user of an address is taken for a token; `git` is none."""

_KINDS = (
    "passw(?:or)?d|passphrase|secret|token(?!i[sz])|(?:api|access|account|private|encryption|signing|license)[_-]?key"
    "|credential|signature"
)
_LONG = rf"[\w.-]{{0,64}}(?:{_KINDS})[\w-]*"
_SHORT = "(?:[A-Za-z0-9_-]{0,64}[_-])?(?:pass|pw|auth|sig)"
_NAME = rf"(?:{_LONG}|{_SHORT}(?![\w-]))"
_NO_SECRET = re.compile(
    r"(?i)(?:file|path|url|uri|endpoint|name|command|stdin|type|dir|folder|mode|length|limit|count|ttl|minutes|seconds"
    r"|days|expiry|manager)s?$"
)
"""How names end that only speak of secrets: `--password-file`."""
_HEADER = "(?:proxy-)?authorization|(?:set-)?cookie"
_SCHEME = "bearer|basic|digest|token|negotiate|apikey"

_REFERENCE = re.compile(r"\$\{\w+\}|\$[A-Z_][A-Z0-9_]*|\$\(.*|\{\{.*|\{\w*\}|<.*>|\*+|(?i:true|false|none|null|yes|no)")
"""Values that are no secrets themselves: variables, places to be filled in."""
_QUOTED = r"(?P<quote>\\?[\"'])(?P<inside>(?:(?!(?P=quote))(?:\\.|[^\n]))*)(?:(?P=quote)|$)"
_VALUE = rf"(?!\\?[\"']?\(hidden\))(?:{_QUOTED}|(?P<bare>[^\s\"']+))"

_LOGIN = re.compile(r"\b(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<login>[^\s/\"'<>]*)@")
_KNOWN = re.compile(
    r"\b(?:gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{20,}|xox[abeprs]-[\w-]{10,}"
    r"|sk-[\w-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|(?<=hooks\.slack\.com/services/)[^\s\"'?]+|(?<=/api/webhooks/)[^\s\"'?]+)"
)
"""Shapes of tokens that their issuers chose so that they can be recognized."""
_IN_HEADER = re.compile(
    rf"(?i)(?P<name>\b(?:{_HEADER})\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?(?:(?:{_SCHEME})[ \t]+)?)(?P<bare>[^\"'\n]+)"
)
_BEARER = re.compile(r"(?P<name>(?i:\bbearer)[ \t]+)(?P<bare>[\w.~+/=-]{8,})")
_IN_QUERY = re.compile(rf"(?i)(?P<name>[?&;#](?:{_LONG}|(?:{_SHORT}|key|code)(?==))=)(?P<bare>[^\s\"'&#;]+)")
_USER = re.compile(
    r"(?P<name>(?<![\w-])(?:-[uU]|--(?:proxy-)?user(?=[= \t]))[= \t]*\\?[\"']?(?P<user>[^\s:\"'/=]+):)"
    r"(?P<bare>[^\s\"']+)"
)
_ASSIGNED = re.compile(rf"(?i)(?P<name>(?<![\w-])-{{0,2}}(?P<word>{_NAME})\\?[\"']?[ \t]*[=:][ \t]*){_VALUE}")
_FLAGGED = re.compile(rf"(?i)(?P<name>(?<![\w-])--?(?P<word>{_NAME})[ \t]+)(?!-){_VALUE}")

_FLAG = re.compile(rf"(?i)--?(?P<word>{_NAME})")
_OPTION = re.compile(r"-\w|--[a-z][\w-]*(?:=.*)?")
_HEAD = re.compile(rf"(?i)(?:{_HEADER}):?|(?:{_SCHEME}):?")
_SHORT_PASSWORD = ("-p", "-P")
_NO_PASSWORD = re.compile(r"[\d.:/~-].*|\w*[/:].*")
"""What follows `-p` where that is a port, a path or a mapping."""


def names_secret(name: str) -> bool:
    """Whether what has this name is a secret: a variable, a key, a header."""
    found = re.fullmatch(rf"(?i){_NAME}|{_HEADER}", name)
    return bool(found) and not _NO_SECRET.search(name)


def login_secret(login: str, scheme: str = "https") -> str:
    """What of the login in an address nobody may see: `user:PASSWORD`, or a token alone where addresses have some."""
    user, colon, password = login.partition(":")
    alone = password in ("", "x-oauth-basic") and scheme.lower().endswith(("http", "https"))
    if alone:
        return user if len(user) >= LEAST_TOKEN else ""
    return password if colon else ""


def hide(text: str) -> str:
    """A text, an address or a command with `(hidden)` in place of what looks like a secret; again, nothing changes."""
    text = _KNOWN.sub(HIDDEN, _LOGIN.sub(_login, text))
    for pattern in (_IN_HEADER, _BEARER, _IN_QUERY, _USER, _ASSIGNED, _FLAGGED):
        text = pattern.sub(_value, text)
    return text


def hide_words(words: Sequence[Any]) -> list[Any]:
    """The words of a command (what is no text stays): a flag and its value may be two of them."""
    shown, before = [], ""
    for word in words:
        shown.append(_after(before, word) if isinstance(word, str) else word)
        before = word if isinstance(word, str) else ""
    return shown


def _after(before: str, word: str) -> str:
    if before in ("-u", "-U", "--user", "--proxy-user"):
        return hide(f"-u {word}")[3:]
    found = _FLAG.fullmatch(before)
    secret = bool(found and not _harmless(found["word"], word)) and not _OPTION.fullmatch(word)
    secret = secret or bool(_HEAD.fullmatch(before) and not _REFERENCE.fullmatch(word) and not _HEAD.fullmatch(word))
    secret = secret or (before in _SHORT_PASSWORD and not _NO_PASSWORD.fullmatch(word))
    return HIDDEN if secret else hide(word)


def _login(found: "re.Match[str]") -> str:
    secret = login_secret(found["login"], found["scheme"])
    login = found["login"]
    if secret:
        login = HIDDEN if login.startswith(secret) else f"{login.partition(':')[0]}:{HIDDEN}"
    return f"{found['scheme']}://{login}@"


def _value(found: "re.Match[str]") -> str:
    """A name with its value hidden, and quotes where they were."""
    parts = found.groupdict()
    quote, value = parts.get("quote") or "", parts.get("bare") or parts.get("inside") or ""
    ids = (parts.get("user") or "").isdigit() and value.isdigit()
    if not value or ids or _harmless(parts.get("word") or "", value):
        return found[0]
    return f"{found['name']}{quote}{HIDDEN}{quote}"


def _harmless(name: str, value: str) -> bool:
    """Whether a value is none though the name sounds like it."""
    counted = name.lower().endswith("tokens") and value.rstrip(",;").isdigit()
    return bool(_NO_SECRET.search(name)) or counted or bool(_REFERENCE.fullmatch(value)) or value == HIDDEN
