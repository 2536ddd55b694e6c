"""The adapters under contract. Another adapter is one more line here, no other test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

import pytest

from hub.stores.memory import MemoryLive
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


def _sqlite(folder: Path, clock: Clock) -> AbstractAsyncContextManager[Store]:
    return SqliteStore.open(folder / "hub.sqlite", clock=clock)


@asynccontextmanager
async def _memory(clock: Clock) -> AsyncIterator[Live]:
    yield MemoryLive(clock=clock)


STORES: Final[dict[str, Callable[[Path, Clock], AbstractAsyncContextManager[Store]]]] = {"sqlite": _sqlite}
LIVES: Final[dict[str, Callable[[Clock], AbstractAsyncContextManager[Live]]]] = {"memory": _memory}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def records(store: Store) -> Records:
    return store.records


@pytest.fixture
def log(store: Store) -> Log:
    return store.log


@pytest.fixture(params=LIVES)
async def live(request: pytest.FixtureRequest, clock: HandClock) -> AsyncIterator[Live]:
    async with LIVES[request.param](clock) as opened:
        yield opened
