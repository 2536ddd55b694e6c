"""`navswap config`: the settings as they are, and what each is for. Secrets are masked."""

from __future__ import annotations

import argparse
from typing import Any

from pydantic import SecretStr

from hub.config import Settings, setting_name


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("config", help="print the settings", description=__doc__)
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    settings = Settings()
    for name, field in Settings.model_fields.items():
        print(f"# {field.description} (default: {shown(field.default) or 'none'})")
        print(f"{setting_name(name)}={shown(getattr(settings, name))}")
    return 0


def shown(value: object) -> str:
    """A value as an environment holds it; a secret as stars."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return str(value) if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
