"""The `navswap` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from hub.cli import (
    audit,
    backup,
    config,
    demo,
    doctor,
    import_,
    link,
    migrate,
    rebuild,
    restore,
    serve,
    specs,
    tail,
    token,
)
from hub.config import ConfigError
from hub.stores.dump import DumpError
from hub.stores.sqlite_migrations import SchemaError
from services.errors import Unavailable

COMMANDS = (
    serve,
    demo,
    token,
    link,
    config,
    import_,
    audit,
    backup,
    restore,
    migrate,
    rebuild,
    doctor,
    tail,
    specs,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code."""
    parser = argparse.ArgumentParser(prog="navswap", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for module in COMMANDS:
        module.add_parser(commands)
    chosen = parser.parse_args(arguments)
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


def _sentence(error: ConfigError | SchemaError | ValidationError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    faults = (f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors())
    return "; ".join(faults)
