"""The adapters under contract. Another adapter is one more line here, no other test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

import pytest

from hub.stores.memory import MemoryLive
from hub.stores.mongo import OLDEST_WIRE, MongoStore
from hub.stores.redis_live import RedisLive
from hub.stores.sqlite import SqliteStore
from services.base import Clock
from services.ports import Live, Log, Records
from tests.contract.documents import HandClock


class Store(Protocol):
    """Records and their log, whoever keeps them."""

    @property
    def records(self) -> Records: ...
    @property
    def log(self) -> Log: ...


def _sqlite(folder: Path, clock: Clock, _uri: str | None) -> AbstractAsyncContextManager[Store]:
    return SqliteStore.open(folder / "hub.sqlite", clock=clock)


def _mongo(_folder: Path, clock: Clock, uri: str | None) -> AbstractAsyncContextManager[Store]:
    assert uri is not None
    return MongoStore.open(uri, clock=clock)


def _mongo_7(_folder: Path, clock: Clock, uri: str | None) -> AbstractAsyncContextManager[Store]:
    """As on servers that do not know the command `bulkWrite`."""
    assert uri is not None
    return MongoStore.open(uri, clock=clock, newest_wire=OLDEST_WIRE)


@asynccontextmanager
async def _memory(clock: Clock, _url: str | None) -> AsyncIterator[Live]:
    yield MemoryLive(clock=clock)


@asynccontextmanager
async def _redis(clock: Clock, url: str | None) -> AsyncIterator[Live]:
    assert url is not None
    async with RedisLive.open(url, clock=clock) as live:
        await live.replace_all([], [], since=await live.mark())
        yield live


STORES: Final[dict[str, Callable[[Path, Clock, str | None], AbstractAsyncContextManager[Store]]]] = {
    "sqlite": _sqlite,
    "mongo": _mongo,
    "mongo_7": _mongo_7,
}
LIVES: Final[dict[str, Callable[[Clock, str | None], AbstractAsyncContextManager[Live]]]] = {
    "memory": _memory,
    "redis": _redis,
    "redis_cluster": _redis,
}
# fixtures: where the servers are
URLS: Final = {
    "mongo": "mongo_uri",
    "mongo_7": "mongo_uri",
    "redis": "redis_url",
    "redis_cluster": "redis_cluster_url",
}


def _url(request: pytest.FixtureRequest) -> str | None:
    """Where the adapter's server is, if it has one."""
    return request.getfixturevalue(URLS[request.param]) if request.param in URLS else None


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path, clock, _url(request)) as opened:
        yield opened


@pytest.fixture
def records(store: Store) -> Records:
    return store.records


@pytest.fixture
def log(store: Store) -> Log:
    return store.log


@pytest.fixture(params=LIVES)
async def live(request: pytest.FixtureRequest, clock: HandClock) -> AsyncIterator[Live]:
    async with LIVES[request.param](clock, _url(request)) as opened:
        yield opened
