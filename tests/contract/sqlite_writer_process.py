"""A hub's writes without the hub: many transactions at once, each told on stdout once it is acknowledged.

Run as `python -m tests.contract.sqlite_writer_process FILE` and killed by its test.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from hub.stores.sqlite import SqliteStore
from services.ports import Records
from services.states import EntryState
from tests.contract.documents import NOON, entry, heard, posting, swap

WRITERS = 40


async def write(records: Records, name: str, number: int) -> None:
    """One swap as five documents and a fact: all of them, or none."""
    async with records.transaction() as tx:
        await tx.queues.insert(entry(name, order=number, state=EntryState.COMPLETED))
        await tx.swaps.insert(swap(name, entry_id=name))
        await asyncio.sleep(0)
        await tx.credits.insert(
            posting(f"{name}:+", amount=10, source=name),
            posting(f"{name}:-", amount=-10, source=name, account="network"),
        )
        tx.log(heard(number, station_id=name))


async def main(path: Path) -> None:
    numbers = count(1)

    async def writer(records: Records) -> None:
        for number in numbers:
            name = f"entry_{number}"
            await write(records, name, number)
            os.write(1, f"{name}\n".encode())

    async with SqliteStore.open(path, clock=lambda: NOON) as store:
        await asyncio.gather(*(writer(store.records) for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
