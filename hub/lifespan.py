"""What a hub holds open while it runs, closed in the reverse order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from hub.config import ConfigError, Settings
from hub.leases import AloneLeases, Leases
from hub.stores.memory import MemoryLive
from hub.stores.sqlite import SqliteStore
from services.base import Clock
from services.ports import Live, Log, Records

RECORDS_FILE = "navswap.sqlite"
LOCK_FILE = "hub.lock"


@dataclass(frozen=True, slots=True)
class Resources:
    """The stores of one hub."""

    records: Records
    log: Log
    live: Live
    leases: Leases
    tell_when_stale: Callable[[Callable[[], None]], None]  # who is told that a write to live state failed
    prune: Callable[[], Awaitable[Mapping[str, int]]]  # drop what is past its time; answers how many of what


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Hold the directory while the block runs; a hub that dies lets go of it.

    Two hubs on one embedded store would each show a live state that knows nothing of the other.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / LOCK_FILE).open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError as error:
            raise ConfigError("DATA_DIR", f"another hub uses {directory}") from error
        yield


@asynccontextmanager
async def open_resources(
    settings: Settings, *, clock: Clock, seeded: bool = False
) -> AsyncIterator[Resources]:
    """Open the stores that the settings name; `seeded` fills an empty one with the demo city."""
    async with AsyncExitStack() as stack:
        stack.enter_context(alone_in(settings.data_dir))
        path = settings.data_dir / RECORDS_FILE
        store = await stack.enter_async_context(SqliteStore.open(path, clock=clock))
        if seeded:
            from hub.demo.seed import fill  # the demo is no part of a hub that serves a real network

            await fill(store.records, clock=clock)

        def tell(listener: Callable[[], None]) -> None:
            store.records.on_stale = listener

        live, leases = MemoryLive(clock=clock), AloneLeases(clock=clock)
        yield Resources(store.records, store.log, live, leases, tell, store.prune)
