"""`navswap openapi` and `navswap asyncapi`: print the contract as the code has it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from hub import registry
from hub.doors import asyncapi, openapi
from hub.operations import Registry


def add_parser(commands: Any) -> None:
    documents: dict[str, Callable[[Registry], dict[str, Any]]] = {
        "openapi": openapi.document,
        "asyncapi": asyncapi.document,
    }
    for name, document in documents.items():
        parser = commands.add_parser(name, help=f"print {name}.json", description=__doc__)
        parser.set_defaults(run=run, document=document)


def run(arguments: argparse.Namespace) -> int:
    print(json.dumps(arguments.document(registry.build()), indent=2))
    return 0
