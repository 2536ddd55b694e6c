"""Cities on any store: the services, with time, ids and secrets by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from hub.stores.memory import MemoryLive
from hub.stores.sqlite import SqliteStore
from services.base import Ids
from services.network import Services
from services.ports import Log, Records
from services.rules import Rules
from tests.unit.services.city import City, DigestSigner, HandClock


def services_on(
    records: Records, log: Log, clock: HandClock, *, ids: Ids | None = None, rules: Rules | None = None
) -> Services:
    """With live state in memory; ids are counted up unless given."""
    numbers, secrets = count(1), count(1)
    return Services.build(
        records=records,
        live=MemoryLive(clock=clock),
        log=log,
        clock=clock,
        ids=ids or (lambda: f"{next(numbers):012}"),
        secrets=lambda: f"nonce-{next(secrets)}",
        signer=DigestSigner(),
        rules=rules or Rules(),
    )


@asynccontextmanager
async def embedded_city(folder: Path, *, rules: Rules | None = None) -> AsyncIterator[City]:
    """On a SQLite file of its own in `folder`."""
    clock = HandClock()
    async with SqliteStore.open(folder / "hub.sqlite", clock=clock) as store:
        yield City(services_on(store.records, store.log, clock, rules=rules), clock, store.log)
