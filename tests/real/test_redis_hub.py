"""A hub on Redis that is emptied, killed or silent under load: defined answers, then as the records are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest

from hub.config import ConfigError, Settings
from hub.lifespan import open_resources
from hub.stores.redis_commands import DEADLINE_S
from services.models import Station
from services.states import OPEN
from tests.conftest import MakeHub
from tests.real.redis_server import RedisServer
from tests.support.hub import RunningHub
from tests.support.people import Person
from tests.support.processes import free_port

RIDERS = 12
SLACK_S = 1.0  # of a busy machine
BACK_S = 10.0


async def emptied(server: RedisServer) -> None:
    await asyncio.to_thread(server.ask, "FLUSHALL")


async def killed(server: RedisServer) -> None:
    server.kill()
    await asyncio.sleep(1)  # how long it is away is what is tried
    await asyncio.to_thread(server.start)


async def silent(server: RedisServer) -> None:
    server.signal(SIGSTOP)
    await asyncio.sleep(3)
    server.signal(SIGCONT)


class Load:
    """Riders who come and go, and people who look; counts what they are answered, and after how long."""

    def __init__(self, hub: RunningHub, station: Station) -> None:
        self._hub = hub
        self._station = station
        self.answers: Counter[str] = Counter()
        self.slowest_s = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        riders = [await self._hub.rider().ready() for _ in range(RIDERS)]
        tasks = [asyncio.create_task(self._come_and_go(rider)) for rider in riders]
        tasks.append(asyncio.create_task(self._look(self._hub.admin())))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for one in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(one, asyncio.CancelledError), one

    async def some(self, count: int) -> None:
        """Until so many more have been answered well."""
        wanted = self.answers["ok"] + count
        await until(lambda: self.answers["ok"] >= wanted)

    async def _come_and_go(self, rider: Person) -> None:
        while True:
            await self._ask(rider, "queue:confirm", station_id=self._station.id)
            await self._ask(rider, "queue:leave")

    async def _look(self, admin: Person) -> None:
        while True:
            await self._ask(admin, "station:list")

    async def _ask(self, who: Person, event: str, **fields: str) -> None:
        time = asyncio.get_running_loop().time
        asked_at = time()
        answer = await who.ask("rest", event, fields)
        self.slowest_s = max(self.slowest_s, time() - asked_at)
        self.answers[answer.error.code if answer.error else "ok"] += 1


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition; fail when it does not come in time."""
    async with asyncio.timeout(BACK_S):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def ready(hub: RunningHub) -> None:
    """Until `/readyz` says so: live state equals the records again."""
    async with asyncio.timeout(BACK_S):
        while True:
            async with hub.http.get(f"{hub.rest_url}/readyz") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("fault", [emptied, killed, silent])
async def test_under_load(
    redis_server: RedisServer,
    make_hub: MakeHub,
    fault: Callable[[RedisServer], Awaitable[None]],
) -> None:
    hub: RunningHub = await make_hub(redis_host=redis_server.url, rate_limit_per_minute=100_000)  # type: ignore[misc]
    station = await hub.station(places=RIDERS, charged=RIDERS)
    load = Load(hub, station)

    async with load.running():
        await load.some(100)
        await fault(redis_server)
        await load.some(100)

    # Who confirmed and was told `unavailable` may be in the queue, or not: that is all that is left open.
    assert set(load.answers) <= {"ok", "unavailable", "already_queued", "not_found"}
    assert load.slowest_s < 2 * DEADLINE_S + SLACK_S  # one step before the commit, one after it
    await ready(hub)
    services = hub.hub.services
    assert await services.stations.live_equals_records()
    [board] = await services.world.live.boards()
    assert len(board.entries) == await hub.records.now.queues.count({"state": OPEN})
    assert (await hub.rider().ask("rest", "station:list")).data["items"][0]["id"] == station.id


async def test_work_of_the_network_goes_on_after_redis_was_away(
    redis_server: RedisServer, make_hub: MakeHub
) -> None:
    hub: RunningHub = await make_hub(redis_host=redis_server.url)  # type: ignore[misc]

    async def all_held(expected: bool) -> None:
        await until(lambda: set(hub.hub.resources.leases.held().values()) == {expected})

    await all_held(True)
    async with hub.http.get(f"{hub.rest_url}/readyz") as answer:
        assert (await answer.json())["leases"]["timers"] is True
    redis_server.kill()
    await all_held(False)
    async with hub.http.get(f"{hub.rest_url}/metrics") as answer:
        assert 'hub_lease_held{lease="timers"} 0.0' in await answer.text()
    await asyncio.to_thread(redis_server.start)
    await all_held(True)


async def test_a_hub_does_not_start_without_its_redis(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, redis_host=f"127.0.0.1:{free_port()}")

    with pytest.raises(ConfigError, match="does not answer") as refused:
        async with open_resources(settings, clock=lambda: pytest.fail("not asked")):
            pass
    assert refused.value.setting == "REDIS_HOST"
