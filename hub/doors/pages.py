"""Generated pages: `python -m hub.doors.pages docs/generated` writes them, a test compares them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from hub import registry
from hub.cli.config import shown
from hub.compose import COMPOSE_SETTINGS
from hub.config import Settings, setting_name
from hub.doors import asyncapi, openapi
from hub.doors.asyncapi import TRANSIENT, about, facts, rooms_of
from hub.doors.figures_page import figures_page
from hub.doors.models_page import models_page
from hub.operations import ANYBODY, Operation, Registry

MADE: Final = "<!-- Made from the code by `make docs`; changes here are lost. -->\n"


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    operations = registry.build()
    return {
        "openapi.json": _json(openapi.document(operations)),
        "asyncapi.json": _json(asyncapi.document(operations)),
        "operations.md": _operations(operations),
        "events.md": _events(),
        "models.md": f"{MADE}{models_page()}",
        "figures.md": f"{MADE}{figures_page()}",
        "settings.md": _settings(),
        "env.example": env_example(),
    }


def _json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _operations(operations: Registry) -> str:
    rows = "".join(map(_operation, operations))
    head = "| event | REST | roles | rate | |\n|---|---|---|---|---|\n"
    return f"{MADE}\n# Operations\n\n{head}{rows}"


def _operation(operation: Operation) -> str:
    route = f"`{operation.rest[0]} {operation.rest[1]}`" if operation.rest else ""
    roles = "any" if operation.roles == ANYBODY else ", ".join(sorted(operation.roles))
    said = operation.summary.partition("\n")[0]
    return f"| `{operation.event}` | {route} | {roles} | {operation.rate.value} | {said} |\n"


def _events() -> str:
    rows = "".join(
        f"| `{kind.name}` | {', '.join(f'`{room}`' for room in rooms_of(kind))} | {kind.type or ''} "
        f"| {about(kind)} |\n"
        for kind in facts()
    )
    rows += "".join(f"| `{name}` | | | {said} |\n" for name, said in TRANSIENT.items())
    return f"{MADE}\n# Events\n\n| event | rooms | log type | |\n|---|---|---|---|\n{rows}"


def _settings() -> str:
    rows = "".join(
        f"| `{setting_name(name)}` | {f'`{shown(field.default)}`' if shown(field.default) else ''} "
        f"| {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )
    return f"{MADE}\n# Settings\n\n| name | default | |\n|---|---|---|\n{rows}"


def env_example() -> str:
    """Every setting as a line to take the `#` from."""
    lines = ["# Settings of the hub; `navswap config` shows those in force.", ""]
    for name, field in Settings.model_fields.items():
        lines += [f"# {field.description}", f"#{setting_name(name)}={shown(field.default)}", ""]
    lines += ["# --- read by docker-compose.yml alone", ""]
    for name, said in COMPOSE_SETTINGS.items():
        lines += [f"# {said}", f"#{name}=", ""]
    return "\n".join(lines)


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        path = Path(".env.example") if name == "env.example" else directory / name
        path.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
