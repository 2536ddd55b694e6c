"""Who notes the network's state and its traffic does so at once, and again only when it is time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import history
from hub.history import CheckpointOwner, TrafficOwner
from hub.leases import AloneLeases, Work
from services.checkpoints import EVERY, Checkpoints
from services.traffic import WINDOW, TrafficService
from tests.unit.services.cities import embedded_city
from tests.unit.services.city import City
from tests.unit.services.test_traffic import drive, drove

DEADLINE_S = 10.0


class Calls:
    """Counts how often a method was done; `until` waits for it."""

    def __init__(self, kind: Any, name: str, patch: pytest.MonkeyPatch) -> None:
        done = getattr(kind, name)
        self.count = 0
        self._news = asyncio.Event()

        async def counted(own: Any) -> Any:
            answer = await done(own)
            self.count += 1
            self._news.set()
            return answer

        patch.setattr(kind, name, counted)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while self.count < count:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def running(city: City, work: Work) -> AsyncIterator[None]:
    """An owner, with its lease."""
    task = asyncio.create_task(AloneLeases(clock=city.clock).run("owner", work))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "CHECKPOINT_LOOK_S", 0.001)
    monkeypatch.setattr(history, "TRAFFIC_LOOK_S", 0.001)


async def test_a_checkpoint_is_taken_at_once_and_when_it_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, asked = Calls(Checkpoints, "take", monkeypatch), Calls(Checkpoints, "is_due", monkeypatch)
    async with embedded_city(tmp_path) as city:
        station = await city.station()
        async with running(city, CheckpointOwner(city.services).run):
            await taken.until(1)
            await asked.until(asked.count + 3)
            assert taken.count == 1

            await city.place(station)
            city.clock.forward(seconds=EVERY.total_seconds())
            await taken.until(2)
        assert await city.services.world.records.now.checkpoints.count({}) == 2


async def test_each_window_is_measured_once_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Calls(TrafficService, "measure", monkeypatch)
    async with embedded_city(tmp_path) as city:
        cells = city.services.world.records.now.traffic
        start = city.services.admin.traffic.window_end() + WINDOW
        city.clock.now = start + WINDOW + timedelta(seconds=19)
        await drove(city, *drive("v", start + timedelta(seconds=20), 8.0))
        async with running(city, TrafficOwner(city.services).run):
            await measured.until(1)
            assert await cells.count({}) == 0

            city.clock.forward(seconds=2)
            await measured.until(2)
        [cell] = await cells.find({})
    assert (cell.until, cell.vehicles) == (start + WINDOW, 1)
