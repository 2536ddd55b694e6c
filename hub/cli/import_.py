"""`navswap import KIND FILE`: fill the network from a CSV file, all of it or nothing.

Its columns are the fields of the operation that saves one, with dots for parts (`location.lat`); an empty
cell leaves a field as it is. The same file again changes nothing; packs that are known already stay as
they are. Import stations, partners and users before the batteries that they have.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hub.cli.rebuild import services_of
from hub.clock import utc_now
from hub.config import Settings, check
from hub.csv_forms import KINDS, FileRefused, Problem, read
from hub.lifespan import open_resources
from services.again import insist
from services.imports import Form, ImportRefused

WITHIN_S: Final = 60.0  # other transactions may be in the way for so long


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("import", help="fill the network from a CSV file", description=__doc__)
    parser.add_argument("kind", choices=list(KINDS))
    parser.add_argument("file", type=Path)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    settings = Settings()
    check(settings)
    try:
        lines = read(arguments.kind, arguments.file)
        changed = asyncio.run(_import(settings, lines))
    except FileRefused as error:
        for problem in error.problems:
            print(f"{arguments.file}:{problem.line}: {problem.message}", file=sys.stderr)
        print("nothing was imported", file=sys.stderr)
        return 1
    print(f"{len(lines):,} {arguments.kind} read, {changed:,} new or changed")
    return 0


async def _import(settings: Settings, lines: Sequence[tuple[int, Form]]) -> int:
    async with open_resources(settings, clock=utc_now) as resources:
        imports = services_of(settings, resources).imports
        try:
            return await insist(lambda: imports.take([form for _, form in lines]), within_s=WITHIN_S)
        except ImportRefused as error:
            raise FileRefused([Problem(lines[one.index][0], one.reason) for one in error.refused]) from error
