"""Days of the demo city in minutes: everybody lives in virtual time, with a hub that is killed at times."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from hub.demo.city import City
from hub.demo.near import NearHub
from hub.demo.pace import Pace
from hub.demo.seed import fill
from hub.demo.totals import Totals, totals
from hub.demo.virtual import VirtualClock
from hub.lifespan import RECORDS_FILE
from hub.stores.sqlite import SqliteStore
from services.audits import faults_in
from services.base import Clock, Ids
from services.rules import Rules

BEGINS_AT: Final = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)  # Monday, 0:00 in Bengaluru
DAY_S: Final = 86_400.0
DOWN_S: Final = (2.0, 60.0)  # from a kill to the next start
MOMENT_S: Final = 0.1
LOOKS: Final = 20  # what has been committed is on its way to live state for far less than so many moments

PACE: Final = Pace(
    factor=1.0,
    ping_every_s=60.0,
    van_pings_every_s=115.0,
    look_every_s=840.0,
    report_every_s=1200.0,
    always_seen=False,
)
"""As fast as life, and no oftener than needed: a phone is heard while its rider has a place."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played; the same plan gives the same days."""

    directory: Path  # where the records are left; empty at the start
    days: float = 7.0
    riders: int = 120
    kills: int = 7
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Played:
    """What has come of it."""

    totals: Totals
    answers: int
    kills: int
    seconds: float  # of processor time and waiting, in this world
    faults: list[str]
    records: Path


Say = Callable[[str], None]


async def play(plan: Plan, say: Say) -> Played:
    """Let the days pass; to be run in a `VirtualLoop`."""
    began, clock = perf_counter(), VirtualClock(BEGINS_AT)
    hub = NearHub(plan.directory, clock=clock, ids=_ids(), rules=Rules())
    await _fill(hub, clock)
    await hub.start()
    city = City(hub.client, riders=plan.riders, pace=PACE, seed=plan.seed, now=clock)
    living = asyncio.create_task(city.live())
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_kill(hub, plan))
            tasks.create_task(_tell_days(hub, plan, say))
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
    now = hub.services.world.records.now
    faults = [*hub.faults, *await faults_in(now)]
    found = await totals(now)
    await hub.stop()
    return Played(found, hub.answers.total(), hub.lives, perf_counter() - began, faults, hub.path)


def _ids() -> Ids:
    """Counted: ids made later sort later, and every run of a plan has the same ones."""
    numbers = count(1)
    return lambda: f"{next(numbers):012}"


async def _fill(hub: NearHub, clock: Clock) -> None:
    async with SqliteStore.open(hub.path / RECORDS_FILE, clock=clock) as store:
        await fill(store.records, clock=clock)


async def _kill(hub: NearHub, plan: Plan) -> None:
    """Kill the hub so many times, evenly over the days and each time in the middle of a commit."""
    rng = random.Random(plan.seed)  # noqa: S311 - no secret
    loop: Any = asyncio.get_running_loop()  # a VirtualLoop
    every_s = plan.days * DAY_S / (plan.kills + 1)
    for number in range(1, plan.kills + 1):
        await asyncio.sleep(number * every_s - loop.time())
        await loop.until_at_work()
        await hub.kill()
        await asyncio.sleep(rng.uniform(*DOWN_S))
        await hub.start()


async def _tell_days(hub: NearHub, plan: Plan, say: Say) -> None:
    """A line for every day that has passed."""
    began, passed_s = perf_counter(), 0.0
    while passed_s < plan.days * DAY_S:
        step_s = min(DAY_S, plan.days * DAY_S - passed_s)
        await asyncio.sleep(step_s)
        passed_s += step_s
        await _check_live(hub)
        swaps = await hub.services.world.records.now.swaps.count({"state": "completed"})
        say(f"day {passed_s / DAY_S:g}: {swaps:,} swaps so far, {perf_counter() - began:.0f} s")


async def _check_live(hub: NearHub) -> None:
    """Live state is what the records say, once nothing is on its way to it."""
    for _ in range(LOOKS):
        await hub.until_up()
        if await hub.services.stations.live_equals_records():
            return
        await asyncio.sleep(MOMENT_S)
    hub.faults.append("live state differs from the records")
