"""`navswap audit custody|credits`: is what the records say of packs and credits whole? Also while hubs run.

Reads one moment of the records and changes nothing. Ends with 1 when it finds a fault.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

from hub.cli.stores import kind_of, open_source
from hub.config import Settings
from hub.stores.dump import Source
from services.audits import CreditsAudit, CustodyAudit
from services.base import Document
from services.job_models import Job
from services.models import Battery, Custody, Posting, Swap

SHOWN: Final = 100  # faults; the rest is counted

D = TypeVar("D", bound=Document)


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("audit", help="check custody chains or credits", description=__doc__)
    parser.add_argument("what", choices=["custody", "credits"])
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    audited, faults = asyncio.run(_audit(Settings(), arguments.what))
    for fault in faults[:SHOWN]:
        print(fault, file=sys.stderr)
    if len(faults) > SHOWN:
        print(f"and {len(faults) - SHOWN:,} more", file=sys.stderr)
    print(f"{audited}: {f'{len(faults):,} faults' if faults else 'no fault'}")
    return int(bool(faults))


async def _audit(settings: Settings, what: str) -> tuple[str, list[str]]:
    async with open_source(kind_of(settings), settings) as source:
        return await (_custody(source) if what == "custody" else _credits(source))


async def _custody(source: Source) -> tuple[str, list[str]]:
    audit = CustodyAudit()
    await _show(source, "custody", Custody, audit.record)
    await _show(source, "batteries", Battery, audit.pack)
    return f"{audit.packs:,} packs with {audit.records:,} custody records", audit.close()


async def _credits(source: Source) -> tuple[str, list[str]]:
    audit = CreditsAudit()
    await _show(source, "credits", Posting, audit.posting)
    await _show(source, "swaps", Swap, audit.swap)
    await _show(source, "transport_jobs", Job, audit.job)
    return f"{audit.postings:,} postings of {len(audit.balances):,} accounts", audit.close()


async def _show(source: Source, section: str, model: type[D], show: Callable[[D], None]) -> None:
    async for lines in source.lines(section):
        for line in lines:
            show(model.model_validate_json(line))
