"""kill -9 in the middle of 200 flows: what was acknowledged is there, and nothing is half there."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e.audit import check_records, documents
from tests.e2e.clients import Client, connected
from tests.e2e.prepare import prepare
from tests.e2e.process import HubProcess
from tests.support.stores import KIND

STATIONS, RIDERS = 20, 200 if KIND == "embedded" else 40  # the tests' database server is slow
ACKNOWLEDGED_BEFORE_THE_KILL = 3 * RIDERS


class Ledger:
    """What the hub has acknowledged, as the clients saw it."""

    def __init__(self) -> None:
        self.confirmed: set[str] = set()
        self.left: set[str] = set()
        self.started: set[str] = set()
        self.completed: set[str] = set()
        self.count = 0
        self.enough = asyncio.Event()

    def note(self, kind: set[str], id: str) -> None:
        kind.add(id)
        self.count += 1
        if self.count >= ACKNOWLEDGED_BEFORE_THE_KILL:
            self.enough.set()


async def flow(rider: Client, staff: Client, station: str, ledger: Ledger, rng: random.Random) -> None:
    """Confirm, then leave or be scanned and served; again and again, until the hub is gone."""
    while True:
        place = (await rider.call("queue:confirm", station_id=station)).get("data")
        if place is None:
            return
        ledger.note(ledger.confirmed, place["entry_id"])
        if rng.random() < 0.3:
            await rider.call("queue:leave")
            ledger.note(ledger.left, place["entry_id"])
            continue
        begun = (await staff.call("qr:verify", token=place["qr_token"]))["data"]
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


@asynccontextmanager
async def flowing(
    hub: HubProcess, ledger: Ledger, riders: list[str], stations: int
) -> AsyncIterator[list[asyncio.Task[None]]]:
    """A flow of each rider, at the stations in turn; the block ends them."""
    async with (
        connected(hub, "consumer", riders) as clients,
        connected(hub, "staff", [f"staff_{n:03}" for n in range(1, stations + 1)]) as staff,
    ):
        yield [
            asyncio.create_task(
                flow(rider, staff[n % stations], f"station_{n % stations + 1:03}", ledger, random.Random(n))
            )
            for n, rider in enumerate(clients)
        ]


def acknowledged_is_there(path: Path, ledger: Ledger) -> None:
    entries: dict[str, Any] = {entry["id"]: entry for entry in documents(path, "queues")}
    swaps = {swap["id"]: swap for swap in documents(path, "swaps")}
    assert ledger.confirmed <= set(entries)
    assert {entries[id]["state"] for id in ledger.left} == {"cancelled"}
    assert {entries[id]["state"] for id in ledger.started} <= {"active", "completed"}
    assert {swaps[id]["state"] for id in ledger.completed} == {"completed"}


async def test_kill_in_the_middle_of_flows_loses_nothing_and_halves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data" / "navswap.sqlite"
    await prepare(tmp_path / "data", stations=STATIONS, places=20, charged=15, riders=RIDERS)
    hub, ledger = HubProcess(tmp_path / "data", args=()), Ledger()
    await hub.start()
    names = [f"consumer_{n:03}" for n in range(1, RIDERS + 1)]
    async with flowing(hub, ledger, names, STATIONS) as flows:
        await asyncio.wait_for(ledger.enough.wait(), 60)
        assert await hub.kill(signal.SIGKILL) == -signal.SIGKILL
        for task in flows:
            task.cancel()
        ended = await asyncio.gather(*flows, return_exceptions=True)
        assert not [error for error in ended if isinstance(error, AssertionError)]

    check_records(path)
    acknowledged_is_there(path, ledger)
    await hub.start()  # ready: live state equals the records
    try:
        async with connected(hub, "consumer", names[:1]) as [rider]:
            answer = await rider.call("station:list", limit=200)
            shown = {s["id"]: (s["queue"]["length"], s["queue"]["active"]) for s in answer["data"]["items"]}
    finally:
        await hub.kill(signal.SIGTERM)
    for station_id, (length, active) in shown.items():
        states = [e["state"] for e in documents(path, "queues") if e["station_id"] == station_id]
        waiting = sum(state in ("confirmed", "approaching", "arrived") for state in states)
        assert (length, active) == (waiting, states.count("active"))
