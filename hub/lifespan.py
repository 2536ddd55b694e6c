"""What a hub holds open while it runs, closed in the reverse order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from hub.config import Settings
from hub.stores.memory import MemoryLive
from hub.stores.sqlite import SqliteStore
from services.base import Clock
from services.ports import Live, Log, Records

RECORDS_FILE = "navswap.sqlite"


@dataclass(frozen=True, slots=True)
class Resources:
    """The stores of one hub."""

    records: Records
    log: Log
    live: Live
    tell_when_stale: Callable[[Callable[[], None]], None]  # who is told that a write to live state failed


@asynccontextmanager
async def open_resources(
    settings: Settings, *, clock: Clock, seeded: bool = False
) -> AsyncIterator[Resources]:
    """Open the stores that the settings name; `seeded` fills an empty one with the demo city."""
    async with AsyncExitStack() as stack:
        path = settings.data_dir / RECORDS_FILE
        store = await stack.enter_async_context(SqliteStore.open(path, clock=clock))
        if seeded:
            from hub.demo.seed import fill  # the demo is no part of a hub that serves a real network

            await fill(store.records, clock=clock)

        def tell(listener: Callable[[], None]) -> None:
            store.records.on_stale = listener

        yield Resources(store.records, store.log, MemoryLive(clock=clock), tell)
