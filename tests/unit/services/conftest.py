"""A fresh network for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from hub.stores.memory import MemoryLive
from hub.stores.sqlite import SqliteStore
from services.network import Services
from services.rules import Rules
from tests.unit.services.city import City, DigestSigner, HandClock


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    clock, ids, secrets = HandClock(), count(1), count(1)
    live = MemoryLive(clock=clock)
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        services = Services.build(
            records=store.records,
            live=live,
            clock=clock,
            ids=lambda: f"{next(ids):012}",
            secrets=lambda: f"nonce-{next(secrets)}",
            signer=DigestSigner(),
            rules=Rules(),
        )
        yield City(services, clock, store.log)
