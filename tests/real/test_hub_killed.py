"""kill -9 of one of three hubs under load: its clients go on elsewhere, and nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from engine_support import eventually

from tests.e2e.audit import check_records, documents
from tests.e2e.prepare import prepare
from tests.e2e.process import HubProcess
from tests.e2e.test_kill import Ledger, acknowledged_is_there
from tests.real.mongo_fixtures import mongo_databases, mongo_uri
from tests.real.redis_fixtures import redis_databases, redis_url
from tests.real.roaming import Roaming
from tests.support.stores import STORES

__all__ = ["mongo_databases", "mongo_uri", "redis_databases", "redis_url"]
STATIONS, RIDERS, IDLE, NODES = 5, 30, 10, 3
FLOWS = 4  # of each rider
HOLD_MINUTES = 0.3


@pytest.fixture
async def hubs(mongo_uri: str, redis_url: str, tmp_path: Path) -> AsyncIterator[list[HubProcess]]:
    data = tmp_path / "data"
    STORES.give(data, mongodb_uri=mongo_uri, redis_host=redis_url)
    data.mkdir()
    await prepare(data, stations=STATIONS, places=30, charged=25, riders=RIDERS + IDLE)
    settings = {"QUEUE_HOLD_MINUTES": str(HOLD_MINUTES), "DRAIN_SECONDS": "0"}
    hubs = [HubProcess(data, args=(), settings=settings) for _ in range(NODES)]
    try:
        await hubs[0].start()
        await asyncio.gather(*(hub.start() for hub in hubs[1:]))
        yield hubs
    finally:
        await asyncio.gather(*(hub.kill(signal.SIGTERM) for hub in hubs if hub.process))


async def flow(rider: Roaming, staff: Roaming, station: str, ledger: Ledger, rng: random.Random) -> None:
    """Confirm, then leave or be scanned and served, a few times."""
    for _ in range(FLOWS):
        confirmed = await rider.call("queue:confirm", station_id=station)
        assert confirmed["ok"], confirmed
        place = confirmed["data"]
        ledger.note(ledger.confirmed, place["entry_id"])
        if rng.random() < 0.3:
            assert (await rider.call("queue:leave"))["ok"]
            ledger.note(ledger.left, place["entry_id"])
            continue
        scanned = await staff.call("qr:verify", token=place["qr_token"])
        assert scanned["ok"], scanned
        begun = scanned["data"]
        ledger.note(ledger.started, place["entry_id"])
        done = await staff.call(
            "swap:complete",
            swap_id=begun["swap_id"],
            old_battery_id=begun["old_battery_id"],
            new_battery_id=begun["assigned_battery"]["id"],
            old_battery_health="healthy",
            old_battery_soc=95,
        )
        assert done["ok"], done
        ledger.note(ledger.completed, begun["swap_id"])


@pytest.mark.timeout(400)
async def test_killed_hub_is_carried_on_by_the_others(hubs: list[HubProcess], tmp_path: Path) -> None:
    data, ledger = tmp_path / "data", Ledger()
    riders = [f"consumer_{n:03}" for n in range(1, RIDERS + IDLE + 1)]
    staff = [f"staff_{n:03}" for n in range(1, STATIONS + 1)]
    tokens = dict(zip(riders, hubs[0].tokens("consumer", riders), strict=True))
    tokens |= {user: hubs[0].tokens("staff", [user], f"station_{user[-3:]}")[0] for user in staff}
    tokens |= {f"admin_{n}": hubs[0].tokens("admin", [f"admin_{n}"])[0] for n in range(NODES)}
    people = {user: Roaming(user, token, hubs, n % NODES) for n, (user, token) in enumerate(tokens.items())}
    await asyncio.gather(*(person.connect() for person in people.values()))
    watchers = [people[f"admin_{n}"] for n in range(NODES)]
    for watcher in watchers:
        assert (await watcher.call("room:join", room="admin"))["ok"]
    staying = [asyncio.create_task(person.stay()) for person in people.values()]

    for n, rider in enumerate(riders[RIDERS:]):  # who will not come: their time runs out, whoever counts it
        answer = await people[rider].call("queue:confirm", station_id=f"station_{n % STATIONS + 1:03}")
        assert answer["ok"], answer
    flows = [
        asyncio.create_task(
            flow(
                people[rider],
                people[staff[n % STATIONS]],
                f"station_{n % STATIONS + 1:03}",
                ledger,
                random.Random(n),
            )
        )
        for n, rider in enumerate(riders[:RIDERS])
    ]

    def half_done_or_failed() -> bool:
        return ledger.count >= RIDERS * FLOWS // 2 or any(task.done() and task.exception() for task in flows)

    await eventually(half_done_or_failed, 120)
    assert await hubs[0].kill() == -signal.SIGKILL
    await asyncio.wait_for(asyncio.gather(*flows), 120)

    idle = set(riders[RIDERS:])
    expired = {entry["id"] for entry in documents(data / "x", "queues") if entry["user_id"] in idle}
    await eventually(lambda: len(set(_no_shows(data))) == IDLE, 90)
    done = set(_facts(data, "swap.completed"))
    await eventually(lambda: all(done <= set(watcher.ids("swap:completed")) for watcher in watchers), 30)
    for task in staying:
        task.cancel()
    await asyncio.gather(*(person.close() for person in people.values()), return_exceptions=True)

    check_records(data / "x")
    acknowledged_is_there(data / "x", ledger)
    assert Counter(_no_shows(data)) == Counter(expired), "each once, whoever counted"
    moved = [person for person in people.values() if len(person.sessions) > 1]
    assert moved
    assert all(session["recovered"] for person in moved for session in person.sessions[1:])
    for watcher in watchers:
        ids = watcher.ids("swap:completed")
        assert set(ids) == done
        if watcher not in moved:
            assert len(ids) == len(set(ids)), "once, where nothing was broken"


def _facts(data: Path, kind: str) -> list[str]:
    return [fact["id"] for fact in STORES.logged(data, kind)]


def _no_shows(data: Path) -> list[str]:
    return [fact["entry_id"] for fact in STORES.logged(data, "queue.no_show")]
