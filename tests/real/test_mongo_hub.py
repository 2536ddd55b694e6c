"""A whole hub whose database is killed and started again: defined answers, then as before without a hand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.models import Station
from tests.real.mongo_server import MongoServer, in_database
from tests.support.hub import RunningHub, running
from tests.support.people import Person
from tests.support.processes import cancelled

BACK_S = 30.0


@pytest.fixture
async def hub(mongo_server: MongoServer, tmp_path: Path) -> AsyncIterator[RunningHub]:
    uri = f"{in_database(mongo_server.uri, 'navswap')}&timeoutMS=2000"
    async with running(tmp_path / "data", mongodb_uri=uri, command_deadline_seconds=6) as hub:
        yield hub


async def ready(hub: RunningHub) -> int:
    async with hub.http.get(f"{hub.rest_url}/readyz") as answer:
        return answer.status


class Riders:
    """They take a place and leave it, for ever; each notes what it was answered."""

    def __init__(self, riders: list[Person], station: Station) -> None:
        self.codes: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._tasks = [asyncio.create_task(self._ride(rider, station)) for rider in riders]

    async def _ride(self, rider: Person, station: Station) -> None:
        while True:
            for answer in (await rider.confirm(station), await rider.call("queue:leave")):
                self.codes[answer.code] += 1
                self._news.set()

    async def until(self, code: str, more: int) -> None:
        wanted = self.codes[code] + more
        async with asyncio.timeout(BACK_S):
            while self.codes[code] < wanted:
                self._news.clear()
                await self._news.wait()

    async def stop(self) -> None:
        await cancelled(self._tasks)


async def test_a_hub_whose_database_was_killed_answers_so_and_goes_on(
    hub: RunningHub, mongo_server: MongoServer
) -> None:
    station = await hub.station()
    people = [await hub.rider().connect() for _ in range(5)]
    watcher = await hub.rider().connect()
    riders = Riders(people, station)
    await riders.until("ok", 20)
    assert await ready(hub) == 200

    mongo_server.kill()
    await riders.until("unavailable", 3)
    assert await ready(hub) == 503
    mongo_server.start()
    await riders.until("ok", 20)
    await riders.stop()

    # One whose answer was lost may find its own place, or none any more.
    assert set(riders.codes) <= {"ok", "unavailable", "already_queued", "not_found"}
    place = await watcher.confirm(station)
    assert place.ok
    assert (await watcher.until("queue:updated"))["entry_id"] == place.data["entry_id"]
    async with asyncio.timeout(BACK_S):
        while await ready(hub) != 200:
            pass
