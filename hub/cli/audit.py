"""`navswap audit custody|credits|network|all`: is what the records say whole? Also while hubs run.

Packs and their chains; credits; places, promises, jobs, shifts, and that every end has freed what it held.
Reads one moment of the records and changes nothing. Ends with 1 when it finds a fault.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any, Final

from hub.cli.stores import kind_of, open_source
from hub.config import Settings
from hub.stores.dump import BY_NAME, Source
from services.audits import AUDITS, Audit, CustodyAudit

ALL: Final = "all"
SHOWN: Final = 100  # faults of each audit; the rest is counted


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("audit", help="check packs, credits or everything", description=__doc__)
    parser.add_argument("what", choices=[*AUDITS, ALL])
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    names = list(AUDITS) if arguments.what == ALL else [arguments.what]
    audits = [AUDITS[name]() for name in names]
    asyncio.run(_show_records(Settings(), audits))
    found = [_tell(audit) for audit in audits]
    return int(any(found))


def _tell(audit: Audit) -> bool:
    """Print what it has found; was there a fault?"""
    faults = audit.close()
    for fault in faults[:SHOWN]:
        print(fault, file=sys.stderr)
    if len(faults) > SHOWN:
        print(f"and {len(faults) - SHOWN:,} more", file=sys.stderr)
    print(f"{audit.seen}: {f'{len(faults):,} faults' if faults else 'no fault'}")
    for loss in audit.losses() if isinstance(audit, CustodyAudit) else ():
        print(f"  {loss}")
    return bool(faults)


async def _show_records(settings: Settings, audits: list[Audit]) -> None:
    async with open_source(kind_of(settings), settings) as source:
        for audit in audits:
            await _show(source, audit)


async def _show(source: Source, audit: Audit) -> None:
    for section, show in audit.showers.items():
        model = BY_NAME[section].model
        async for lines in source.lines(section):
            for line in lines:
                show(model.model_validate_json(line))
