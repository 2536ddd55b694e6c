"""Commands per second of the embedded store: `python -m benchmarks.stores_bench`.

`place` is what a confirmed place costs: fourteen statements, seven of them writes, and three facts, in
one transaction. `small` is a command of ten statements: eight reads, two writes and a fact.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from uuid_utils import uuid7

from hub.stores.sqlite import SqliteStore
from services.base import Location
from services.errors import WriteConflict
from services.events import SwapStarted
from services.models import Battery, Entry, Holder, HolderKind, QrToken, Role, Station, Swap, User
from services.ports import Records, Where
from services.states import OPEN, BatteryState, EntryState, SwapState
from services.upkeep_models import KeptAnswer, Timer


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid7())


STATIONS, PACKS, COMMANDS = 24, 60, 4000


async def fill(records: Records) -> None:
    place, now = Location(lat=12.97, lng=77.59), utc_now()
    stations = [
        Station(id=f"station_{n:03}", name=f"Station {n}", location=place, capacity=20, slots=PACKS)
        for n in range(STATIONS)
    ]
    packs = [
        Battery(
            id=f"battery_{station.id}_{slot:02}",
            state=BatteryState.CHARGED if slot % 2 else BatteryState.CHARGING,
            holder=Holder(kind=HolderKind.SLOT, id=station.id, slot=slot),
            soc=slot + 30,
            soh=97,
            updated_at=now,
        )
        for station in stations
        for slot in range(PACKS)
    ]
    users = [User(id=f"consumer_{n}", role=Role.CONSUMER, name="R", created_at=now) for n in range(COMMANDS)]
    began = time.perf_counter()
    async with records.transaction() as tx:
        await tx.stations.insert(*stations)
        await tx.batteries.insert(*packs)
    print(f"bulk insert of {len(packs)} packs: {time.perf_counter() - began:.3f} s")
    async with records.transaction() as tx:
        await tx.users.insert(*users)


async def place(records: Records, number: int) -> None:
    """It runs again when it lost a race, as in dispatch."""
    while True:
        try:
            return await attempt(records, number)
        except WriteConflict:
            continue


async def attempt(records: Records, number: int) -> None:
    now, entry_id, swap_id = utc_now(), new_id(), new_id()
    station_id, user_id = f"station_{number % STATIONS:03}", f"consumer_{number}"
    async with records.transaction() as tx:
        assert await tx.kept_answers.get(f"{user_id}:confirm:1") is None
        assert await tx.users.get(user_id)
        assert await tx.queues.first({"user_id": user_id, "state": OPEN}) is None
        station = await tx.stations.get(station_id)
        assert station
        here: Where = {"holder.kind": HolderKind.SLOT, "holder.id": station_id}
        free: Where = {**here, "state": BatteryState.CHARGED, "held_for": None, "battery_type": "standard"}
        await tx.batteries.tally(("state",), here)
        pack = await tx.batteries.first(free, order=("-soc", "cycles", "id"))
        entry = Entry(
            id=entry_id,
            station_id=station_id,
            user_id=user_id,
            user_name="R",
            swap_id=swap_id,
            state=EntryState.COMPLETED,
            order=station.next_order,
            confirmed_at=now,
            hold_until=now,
            qr_nonce=entry_id,
            qr_issued_at=now,
        )
        swap = Swap(
            id=swap_id,
            entry_id=entry_id,
            user_id=user_id,
            station_id=station_id,
            state=SwapState.PENDING,
            assigned_battery_id=None,
            created_at=now,
        )
        await tx.queues.insert(entry)
        await tx.swaps.insert(swap)
        await tx.qr_tokens.insert(
            QrToken(
                id=entry_id,
                entry_id=entry_id,
                user_id=user_id,
                station_id=station_id,
                issued_at=now,
                expires_at=now,
            )
        )
        await tx.timers.insert(Timer(id=f"hold:{entry_id}", kind="hold", subject=entry_id, due_at=now))
        if pack:
            await tx.batteries.replace(pack.changed(cycles=pack.cycles + 1))
        await tx.stations.replace(station.changed(next_order=station.next_order + 1))
        kept = KeptAnswer(
            id=f"{user_id}:confirm:1",
            payload_hash="0" * 64,
            answer="{}" * 200,
            at=now,
            expires_at=now + timedelta(1),
        )
        await tx.kept_answers.insert(kept)
        tx.log(*(fact(station_id, user_id, now) for _ in range(3)))


async def small(records: Records, number: int) -> None:
    now, station_id, user_id = utc_now(), f"station_{number % STATIONS:03}", f"consumer_{number}"
    async with records.transaction() as tx:
        await tx.kept_answers.get(f"{user_id}:small:1")
        await tx.users.get(user_id)
        await tx.stations.get(station_id)
        await tx.queues.first({"user_id": user_id, "state": OPEN})
        await tx.queues.find({"station_id": station_id, "state": OPEN}, order=("order",))
        await tx.tickets.count({"station_id": station_id, "status": "open"})
        await tx.staff_assignments.find({"station_id": station_id, "ends_at": None})
        pack = await tx.batteries.get(f"battery_{station_id}_{number % PACKS:02}")
        assert pack
        await tx.batteries.replace(pack.changed(temperature_c=30.0))
        await tx.timers.insert(Timer(id=f"small:{number}", kind="small", subject=user_id, due_at=now))
        tx.log(fact(station_id, user_id, now))


def fact(station_id: str, user_id: str, now: datetime) -> SwapStarted:
    return SwapStarted(
        id=new_id(),
        at=now,
        version=1,
        station_id=station_id,
        swap_id="swap",
        entry_id="entry",
        user_id=user_id,
        staff_id="staff",
        battery_id=None,
    )


async def measure(run: Callable[[int], Awaitable[Any]], numbers: range, at_once: int) -> str:
    todo, times = iter(numbers), []

    async def worker() -> None:
        for number in todo:
            began = time.perf_counter()
            await run(number)
            times.append((time.perf_counter() - began) * 1000)

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    rate = len(numbers) / (time.perf_counter() - began)
    cpu_us = (time.process_time() - used) / len(numbers) * 1e6
    cuts = quantiles(times, n=100)
    return f"{rate:,.0f}/s, {cpu_us:.0f} us of CPU each, p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms"


async def main() -> None:
    with TemporaryDirectory(
        dir=Path.cwd() / ".bench" if (Path.cwd() / ".bench").is_dir() else None
    ) as folder:
        async with SqliteStore.open(Path(folder) / "hub.sqlite", clock=utc_now) as store:
            await fill(store.records)
            for run in (small, place):
                first = 0
                for at_once, commands in ((1, 500), (8, 1000), (64, 1500), (200, 1000)):
                    numbers = range(first, first + commands)
                    before = store.writer.commits
                    figures = await measure(partial(run, store.records), numbers, at_once)
                    shared = commands / max(1, store.writer.commits - before)
                    print(f"{run.__name__}, {at_once} at once: {figures}, {shared:.1f} per COMMIT")
                    first += commands


if __name__ == "__main__":
    asyncio.run(main())
