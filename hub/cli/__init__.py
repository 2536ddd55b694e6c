"""The `navswap` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Final

from pydantic import ValidationError

from hub.config import ConfigError
from hub.stores.dump import DumpError
from hub.stores.sqlite_migrations import SchemaError
from services.errors import Unavailable

COMMANDS: Final = {
    "serve": "serve",
    "demo": "demo",
    "simulate": "simulate",
    "token": "token",
    "link": "link",
    "config": "config",
    "import": "import_",
    "audit": "audit",
    "backup": "backup",
    "restore": "restore",
    "migrate": "migrate",
    "rebuild": "rebuild",
    "doctor": "doctor",
    "tail": "tail",
    "openapi": "specs",
    "asyncapi": "specs",
}
"""Each command and its module."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="navswap", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for module in _modules(given):
        module.add_parser(commands)
    chosen = parser.parse_args(given)
    try:
        return int(chosen.run(chosen))
    except (ConfigError, SchemaError, ValidationError) as error:
        print(f"navswap: {_sentence(error)}", file=sys.stderr)
        return 2
    except DumpError as error:
        print(f"navswap: {error}", file=sys.stderr)
        return 1
    except Unavailable as error:
        print(f"navswap: a store does not answer: {error.details.get('store', '')}", file=sys.stderr)
        return 1
    except OSError as error:  # a port that is taken, a directory that cannot be written
        print(f"navswap: {error.strerror or error}", file=sys.stderr)
        return 1


def _modules(given: Sequence[str]) -> list[ModuleType]:
    """That of the command alone, which needs no other's drivers; all of them for help and for mistakes."""
    wanted = COMMANDS.get(given[0]) if given else None
    names = [wanted] if wanted is not None else dict.fromkeys(COMMANDS.values())
    return [import_module(f"hub.cli.{name}") for name in names]


def _sentence(error: ConfigError | SchemaError | ValidationError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    faults = (f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors())
    return "; ".join(faults)
