"""What both kinds of leases promise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from hub.ids import nonce
from hub.leases import AloneLeases, Lease, Leases
from hub.stores.redis_leases import LeaseTimes, RedisLeases

QUICK = LeaseTimes(lasts_s=0.8, renew_every_s=0.2, margin_s=0.2, try_every_s=0.05, ask_s=0.5)
DEADLINE_S = 10.0


@pytest.fixture(params=["alone", "redis_url", "redis_cluster_url"])
async def leases(request: pytest.FixtureRequest) -> AsyncIterator[Leases]:
    if request.param == "alone":
        yield AloneLeases(clock=lambda: datetime.now(UTC), node="a")
        return
    url = request.getfixturevalue(request.param)
    async with RedisLeases.open(url, node="a", secrets=nonce, times=QUICK) as opened:
        yield opened


class Work:
    """Notes who does it, and goes on until it is told to end."""

    def __init__(self) -> None:
        self.fences: list[int] = []
        self.at_once = self.most_at_once = 0
        self.began = asyncio.Event()
        self.end = asyncio.Event()

    async def __call__(self, lease: Lease) -> None:
        assert lease.held
        self.fences.append(lease.fence)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.began.set()
        try:
            await self.end.wait()
        finally:
            self.at_once -= 1


async def begun(work: Work) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await work.began.wait()
    work.began.clear()


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_ends_gives_the_lease_back(leases: Leases) -> None:
    work = Work()
    work.end.set()

    async with asyncio.timeout(DEADLINE_S):
        for _ in range(3):
            await leases.run("timers", work)

    assert work.fences == sorted(set(work.fences))
    assert leases.held() == {"timers": False}
    assert await leases.holders() == {"timers": None}


async def test_work_that_fails_is_heard_of_and_gives_the_lease_back(leases: Leases) -> None:
    async def fails(_lease: Lease) -> None:
        raise KeyError("no")

    async with asyncio.timeout(DEADLINE_S):
        for _ in range(2):
            with pytest.raises(KeyError):
                await leases.run("timers", fails)


async def test_one_after_the_other_and_never_both(leases: Leases) -> None:
    work = Work()
    tasks = [asyncio.create_task(leases.run("timers", work)) for _ in range(3)]
    await begun(work)
    assert leases.held() == {"timers": True}
    assert await leases.holders() == {"timers": "a"}

    work.end.set()
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*tasks)

    assert len(set(work.fences)) == 3
    assert work.fences == sorted(work.fences)
    assert work.most_at_once == 1


async def test_stopped_it_ends_the_work_and_gives_the_lease_back(leases: Leases) -> None:
    first, second = Work(), Work()
    running = asyncio.create_task(leases.run("timers", first))
    await begun(first)
    waiting = asyncio.create_task(leases.run("timers", second))

    await stop(running)
    assert first.at_once == 0
    async with asyncio.timeout(QUICK.lasts_s / 2):  # at once, not when the time of the first is over
        await second.began.wait()
    await stop(waiting)


async def test_names_have_nothing_to_do_with_each_other(leases: Leases) -> None:
    works = {name: Work() for name in ("timers", "prune", "relay")}
    tasks = [asyncio.create_task(leases.run(name, work)) for name, work in works.items()]
    for work in works.values():
        await begun(work)

    assert leases.held() == dict.fromkeys(works, True)
    for task in tasks:
        await stop(task)
    assert leases.held() == dict.fromkeys(works, False)
