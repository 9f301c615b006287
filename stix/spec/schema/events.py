"""The section `events:` of the settings, as a schema."""

from stix.model.event_kinds import patterns
from stix.spec.schema.key import TEXT, Key

_SECONDS = ("integer", "number")


def pattern(value: object) -> None:
    """A kind of event, a family or `*`.

    Raises:
        ValueError: it is none.
    """
    known = patterns()
    if value in known:
        return
    from stix.spec.nearest import near_word

    near = near_word(str(value), known)
    raise ValueError(f"has {value!r}, which is no kind of event" + (f"; did you mean {near!r}?" if near else ""))


def patterns_of(value: object) -> None:
    """A list of them.

    Raises:
        ValueError: one is none.
    """
    for each in value if isinstance(value, list) else [value]:
        pattern(each)


def one_way(hook: object) -> None:
    """A hook with either an address that can be called or a command.

    Raises:
        ValueError: it has neither or both, what goes with the other, or an address with no host.
    """
    given = hook if isinstance(hook, dict) else {}
    if bool(given.get("url")) == bool(given.get("command")):
        raise ValueError("needs either 'url' or 'command'")
    if given.get("command") and any(given.get(key) is not None for key in ("secret_file", "retries")):
        raise ValueError("has 'command', and 'secret_file' and 'retries' go with 'url'")
    if isinstance(given.get("url"), str) and not _has_host(given["url"]):
        raise ValueError("has a 'url' whose host or port is none")


def _has_host(url: str) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


HOOK = Key(
    ("map",),
    keys={
        "on": Key(
            ("list", "text"),
            "The kinds of events that it is called for; `job.*` is a family, `*` all of them.",
            "on: [cluster.up, cluster.failed, job.*]",
            needed=True,
            least=1,
            check=patterns_of,
        ),
        "name": Key(("text",), "What messages call it.", "name: chat"),
        "url": Key(
            ("text",),
            "Where the event is posted as JSON.",
            "url: https://hooks.example.com/stix",
            pattern="https?://[^\\s]+",
            like="an address that begins with http:// or https://",
            secret=True,
        ),
        "secret_file": Key(
            ("text",),
            "A file whose content signs what is posted, in the header X-Stix-Signature-256.",
            "secret_file: ~/.stix/webhook.key",
        ),
        "command": Key(
            ("list",),
            "A program and its arguments; it gets the event as JSON on its standard input.",
            "command: [/usr/local/bin/tell, --quiet]",
            items=TEXT,
            least=1,
        ),
        "timeout": Key(
            _SECONDS,
            "Seconds that one try may take.",
            "timeout: 5",
            above=0,
            most=600,
            default="5 for an address, 30 for a command",
        ),
        "retries": Key(
            ("integer",),
            "How often a post is repeated, after 1, 2, 4 ... seconds.",
            "retries: 3",
            least=0,
            most=10,
            default="3",
        ),
    },
    check=one_way,
)
"""One hook: an address or a command that is told of events."""

EVENTS = Key(
    ("map",),
    "Who is told of events.",
    "events: {hooks: [{on: cluster.down, command: [tell-me]}]}",
    keys={
        "hooks": Key(
            ("list",),
            "Addresses and commands, each with the kinds of events that it is told of.",
            "hooks: [{on: [cluster.up, job.*], url: 'https://hooks.example.com/stix'}]",
            items=HOOK,
        )
    },
)
