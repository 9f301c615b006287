"""README.md of every role, made from its argument specs: `python -m tests.content.role_readme` writes them."""

from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).parents[2] / "roles"


def specs(role: Path) -> dict[str, Any]:
    """Entry point -> its spec."""
    return dict(yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"])


def render(role: Path) -> str:
    """The README's text."""
    parts = [f"# stix.core.{role.name}\n"]
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text()) or {}
    for name, spec in specs(role).items():
        parts.append(f"## {name}\n\n{spec['short_description']}.\n")
        rows = [_row(option, about, defaults.get(option)) for option, about in spec["options"].items()]
        if rows:
            parts.append("| variable | type | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _row(name: str, about: dict[str, Any], default: Any) -> str:
    kind = about["type"] + (f" of {about['elements']}" if "elements" in about else "")
    shown = "" if default in ("", None) else f"`{default}`".replace("|", "\\|")
    return f"| `{name}` | {kind} | {shown} | {about['description']} |"


if __name__ == "__main__":
    for folder in sorted(ROLES.iterdir()):
        (folder / "README.md").write_text(render(folder))
