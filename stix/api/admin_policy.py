"""Asks admin policies (`admin_policy` of the settings) before anything is planned; one that fails refuses."""

import json
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from stix.errors import StixError
from stix.model.secret_words import HIDDEN

if TYPE_CHECKING:
    from stix.api.policy_request import UserRequest
    from stix.driver.decide import LaunchOptions
    from stix.driver.ledger import Ledger
    from stix.model.task import Task

SECONDS = 30.0
"""How long a server may take."""
MOST_BYTES = 4 << 20
REJECTED = 400
"""The status by which a server refuses, as SkyPilot's do."""

OURS = ("secrets", "catalog")
"""Sections that no policy is shown, nor may set: they run programs here and say where secrets are."""

Asked = tuple["Task", tuple[str, ...]]


def apply(
    ledger: "Ledger",
    task: "Task",
    name: str | None,
    options: "LaunchOptions | None" = None,
    *,
    request: str = "launch",
    dryrun: bool = False,
) -> Asked:
    """The task as the policies leave it, and a sentence for each that changed something; settings that they change are
    the ledger's from then on.

    Those of higher layers are asked first, so that the site's has the last word.

    Args:
        name: the cluster's.
        request: `launch` or `exec`.
        dryrun: it is only planned.

    Raises:
        StixError: `policy.refused`, also where a policy cannot be asked.
    """
    notes: list[str] = []
    for policy in reversed(_policies(ledger)):
        task, note = _ask(ledger, policy, task, _options(task, name, options, dryrun), request)
        notes += [note] if note else []
    return task, tuple(notes)


def _policies(ledger: "Ledger") -> list[str]:
    """Every layer's, lowest first, each once."""
    found = [layer.data.get("admin_policy") for layer in ledger.config.layers]
    return list(dict.fromkeys(str(policy) for policy in found if policy))


def _options(task: "Task", name: str | None, options: "LaunchOptions | None", dryrun: bool) -> dict[str, Any]:
    said = task.resources[0].autostop
    idle = options.idle_minutes if options and options.idle_minutes is not None else said and said.idle_minutes
    down = bool((options and options.down) or (said and said.down))
    return {"cluster_name": name, "idle_minutes_to_autostop": idle, "down": down, "dryrun": dryrun}


def _ask(ledger: "Ledger", policy: str, task: "Task", options: dict[str, Any], request: str) -> "tuple[Task, str]":
    from stix.api.policy_request import AdminPolicyRequestName, Config, RequestOptions, UserRequest
    from stix.api.task import Task as ApiTask
    from stix.config.show import masked

    remote = policy.startswith(("http://", "https://"))
    values = {key: value for key, value in ledger.config.values.items() if key not in OURS}
    sent = _plain(masked(values) if remote else values)
    asked = UserRequest(
        ApiTask._of(task, enter=False),
        Config.from_dict(_plain(sent)),
        AdminPolicyRequestName(request),
        RequestOptions(**options),
        user=_user(),
    )
    try:
        answer, config = _from_server(policy, asked, task) if remote else _from_class(policy, asked)
    except Exception as error:
        raise _refused(policy, error, task) from None
    _take_config(ledger, policy, sent, config)
    changed = [word for word, is_so in (("the task", answer is not None), ("settings", config != sent)) if is_so]
    return answer or task, f"admin policy {masked(policy)} changed {' and '.join(changed)}" if changed else ""


def _plain(data: Any) -> dict[str, Any]:
    """A copy that nobody else holds."""
    copy: dict[str, Any] = json.loads(json.dumps(data, default=str))
    return copy


def _from_class(policy: str, asked: "UserRequest") -> "tuple[Task | None, dict[str, Any]]":
    """The task, None where it is as it was; the settings."""
    from stix.api.task import model_of

    module, _, name = policy.rpartition(".")
    before = asked.task.model
    answer = getattr(import_module(module), name)().validate_and_mutate(asked)
    after = model_of(answer.task)
    return (None if after == before else after), _plain(answer.skypilot_config)


def _from_server(policy: str, asked: "UserRequest", task: "Task") -> "tuple[Task | None, dict[str, Any]]":
    """As `_from_class`; SkyPilot's servers take and give a JSON string that holds JSON."""
    import yaml

    from stix.api.policy_request import restored
    from stix.spec.load import from_config

    before = yaml.safe_load(json.loads(asked.encode())["task"])
    answer = _post(policy, json.dumps(asked.encode()).encode())
    try:
        data = json.loads(answer)
        data = json.loads(data) if isinstance(data, str) else data
        after, settings = yaml.safe_load(data["task"]) or {}, dict(yaml.safe_load(data["skypilot_config"]) or {})
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ValueError(f"it answers what cannot be understood ({type(error).__name__}: {error})") from None
    after, before = restored(after, task), restored(before, task)
    said = after.get("secrets") or {}
    secrets = {name: value for name, value in task.secrets.items() if name in said and said[name] is None}
    new = from_config(after, file="the policy's task", secrets=secrets)
    as_it_was = after == before or new == from_config(before, secrets=task.secrets)
    return (None if as_it_was else new), settings


def _post(url: str, body: bytes) -> str:
    from urllib.error import HTTPError
    from urllib.parse import unquote, urlsplit, urlunsplit

    from stix.driver.web_post import post

    parts = urlsplit(url)
    headers = {"Content-Type": "application/json"}
    if parts.username:
        import base64

        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    try:
        return post(url, body, headers, SECONDS, MOST_BYTES).decode()
    except TimeoutError:
        raise TimeoutError(f"not within {SECONDS:g} s") from None
    except HTTPError as error:
        if error.code != REJECTED:
            raise
        raise ValueError(error.read(2000).decode(errors="replace").strip() or "it gives no reason") from None


def _take_config(ledger: "Ledger", policy: str, sent: dict[str, Any], answer: dict[str, Any]) -> None:
    """Have the settings that a policy changed hold.

    Raises:
        StixError: `policy.refused`, they are wrong.
    """
    if answer == sent:
        return
    from stix.config.layers import Layer
    from stix.config.show import masked
    from stix.driver.policy import RULES
    from stix.spec.document import Document
    from stix.spec.schema.settings import SETTINGS
    from stix.spec.validate import problems_of

    for key in (*OURS, "admin_policy"):
        if key in answer:
            raise _refused(policy, ValueError(f"its settings have '{key}', which is none of its business"), None)
    try:
        values: dict[str, Any] = _shown_again(dict(ledger.config.values), sent, answer)
    except ValueError as error:
        raise _refused(policy, error, None) from None
    for problem in problems_of(values, SETTINGS):
        raise _refused(policy, ValueError(f"its settings are wrong: {problem.sentence}"), None)
    rules = {key: values.pop(key) for key in RULES if key in values}
    said = [Layer("admin policy", Document(str(masked(policy)), rules))] if rules else []
    ledger.use(ledger.config._replace(values=values, layers=(*ledger.config.layers, *said)))


def _shown_again(value: Any, sent: Any, answer: Any) -> Any:
    """What a policy answers, with what was hidden in it as it was before it was sent.

    Raises:
        ValueError: where something hidden belongs is not known.
    """
    if answer == sent:
        return value
    if isinstance(answer, Mapping):
        both = isinstance(value, Mapping) and isinstance(sent, Mapping)
        unseen = {key: each for key, each in value.items() if key not in sent} if both else {}
        said = {
            key: _shown_again(value.get(key), sent.get(key), each) if both else _shown_again(None, None, each)
            for key, each in answer.items()
        }
        return {**unseen, **said}
    if isinstance(answer, list):
        pairs = list(zip(value, sent, strict=True)) if isinstance(value, list) and isinstance(sent, list) else []
        return [_entry(pairs, each) for each in answer]
    if isinstance(answer, str) and HIDDEN in answer:
        raise ValueError(f"its settings have '{HIDDEN}' where nothing was hidden from it")
    return answer


def _entry(pairs: list[tuple[Any, Any]], answer: Any) -> Any:
    """An entry of a list, which may stand elsewhere than before."""
    found = [value for value, sent in pairs if sent == answer]
    if any(value != found[0] for value in found):
        raise ValueError("its settings have entries of a list that differ in what was hidden from it")
    return found[0] if found else _shown_again(None, None, answer)


def _user() -> Any:
    import getpass
    import hashlib

    from stix.api.policy_request import User

    name = getpass.getuser()
    return User(hashlib.sha256(name.encode()).hexdigest()[:8], name)


def _refused(policy: str, error: Exception, task: "Task | None") -> StixError:
    from stix.config.show import masked
    from stix.model.plan import hidden

    reason = getattr(error, "message", "") or str(error) or type(error).__name__
    if task is not None:
        reason = hidden(reason, task.hidden_values)
    if isinstance(error, ImportError | AttributeError):
        reason = f"it cannot be used ({reason})"
    elif isinstance(error, OSError):
        reason = f"it does not answer ({reason})"
    label = masked(policy)
    return StixError(
        "policy.refused",
        f"policy admin_policy: {label} refuses: {reason}",
        hint="ask whoever keeps the policy",
        details={"rule": "admin_policy", "wanted": "this launch", "allowed": reason, "origin": label},
        retryable=isinstance(error, OSError),
    )
