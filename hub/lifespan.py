"""What a hub holds open while it runs, closed in the reverse order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import TYPE_CHECKING

from hub.config import ConfigError, Settings
from hub.keyring import hub_name
from hub.leases import AloneLeases, Leases
from hub.stores.memory import MemoryLive
from hub.stores.sqlite import SqliteStore
from services.base import Clock
from services.ports import Live, Log, Records

if TYPE_CHECKING:
    from hub.engine.cluster import Bus
    from hub.stores.mongo import MongoStore
    from hub.stores.redis import SharedLive

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
    bus: Bus | None = None  # between the sockets of several nodes
    tasks: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)  # to be kept running


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
        store = await _store(settings, stack, clock)
        if seeded:
            from hub.demo.seed import fill  # the demo is no part of a hub that serves a real network

            await fill(store.records, clock=clock)

        shared = await _shared_live(settings, stack)

        def tell(listener: Callable[[], None]) -> None:
            store.records.on_stale = listener
            if shared is not None:
                shared.live.wholeness.on_lost = listener

        live: Live = shared.live if shared else MemoryLive(clock=clock)
        leases: Leases = shared.leases if shared else AloneLeases(clock=clock)
        tasks = {"live": shared.live.wholeness.watch} if shared else {}
        bus = shared.bus if shared else None
        yield Resources(store.records, store.log, live, leases, tell, store.prune, bus, tasks)


async def _store(settings: Settings, stack: AsyncExitStack, clock: Clock) -> SqliteStore | MongoStore:
    """Records and log. Several hubs may share them when they share their live state, too."""
    if settings.mongodb_uri is None or settings.redis_host is None:
        stack.enter_context(alone_in(settings.data_dir))
    if settings.mongodb_uri is None:
        path = settings.data_dir / RECORDS_FILE
        return await stack.enter_async_context(SqliteStore.open(path, clock=clock))
    from hub.stores.mongo import MongoStore  # a hub without MongoDB needs no driver of it

    uri = settings.mongodb_uri.get_secret_value()
    alone_as = None if settings.redis_host else hub_name(settings.data_dir)
    return await stack.enter_async_context(MongoStore.open(uri, clock=clock, alone_as=alone_as))


async def _shared_live(settings: Settings, stack: AsyncExitStack) -> SharedLive | None:
    """What Redis keeps for all nodes; none where no Redis is set."""
    if settings.redis_host is None:
        return None
    from hub.stores.redis import open_shared_live  # a hub without Redis needs no driver of it

    return await stack.enter_async_context(open_shared_live(settings.redis_host.get_secret_value()))
