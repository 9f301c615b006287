"""`config show`: the settings that hold, and where each is from."""

from typing import Any

import click

from stix.cli import options, output
from stix.cli.main import CONTEXT


@click.group("config", context_settings=CONTEXT)
def config() -> None:
    """Settings: what holds, and where it is from.

    \b
    Examples:
      stix config show --origin
      stix explain --as settings policy
    """


@config.command("show")
@click.argument("key", metavar="[KEY]", default="")
@click.option("--origin", is_flag=True, help="Also the layer, file and line that each value is from.")
@click.option("--task", metavar="FILE", help="With `config` of this task.")
@options.settings
@options.as_output
def show(key: str, origin: bool, task: str | None, config: dict[str, Any], form: str) -> int:
    """Every setting that holds: of the site, the user, the project, variables, a task, flags, and what is built in.

    KEY is a path with dots: only it and what is below it; of a single setting the value alone is printed. Secrets are
    hidden. Of rules (`policy`, `allowed_clouds`, `admin_policy`) those of every layer hold, so they may stand twice.

    \b
    Examples:
      stix config show
      stix config show --origin
      stix config show aws.vpc_name
      stix config show --task train.yaml --config kubernetes.provision_timeout=60 -o json
    """
    from stix.api.settings import shown

    rows = shown(key, task=task, flags=config)
    if form == "json":
        output.as_json([row.to_dict() for row in rows])
    elif len(rows) == 1 and key and rows[0].to_dict()["key"] == key and not origin:
        output.say(_text(rows[0].value))
    elif rows:
        heads, cells = ["KEY", "VALUE"], [[row.to_dict()["key"], _told(row)] for row in rows]
        if origin:
            heads.append("ORIGIN")
            cells = [[*line, ", ".join(map(str, row.origins))] for line, row in zip(cells, rows, strict=True)]
        output.say(output.table(heads, cells))
    return 0


def _told(row: Any) -> str:
    return _text(row.value) + ("" if row.followed else "  (not followed)")


def _text(value: Any) -> str:
    """A value on one line, as YAML has it."""
    import json

    return value.replace("\n", "\\n") if isinstance(value, str) and value else json.dumps(value, default=str)
