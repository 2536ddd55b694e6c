"""Never more promises than can be kept, after any history; a promise fails only when a pack does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.base import Location
from services.charging import curve_minutes
from services.errors import HubError
from services.models import Battery, Entry, HolderKind, PackHealth, PackPromise
from services.promises import PRESENT, Promises
from services.states import OPEN, BatteryState
from services.stations import SlotReading
from services.swap import Handover
from tests.property.worlds import played_in_a_city
from tests.unit.services.city import City
from tests.unit.services.faulty import report

RIDERS = 6
KEEPS = ("confirm", "ride_in", "from_afar", "leave", "arrive", "scan", "complete", "charge")
"""What must never make a promise fail."""
FAILS = ("stall", "overheat")

Step = tuple[str, int]


def steps(*operations: str) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.tuples(st.sampled_from(operations), st.integers(0, RIDERS - 1)), max_size=14)


class World:
    """One station with packs that charge, six riders, and what each step does."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.services = city.services

    async def fill(self) -> None:
        self.station = await self.city.station(places=5, charged=2, charging=3, bays=2)
        self.riders = [await self.city.rider() for _ in range(RIDERS)]
        self.truth: dict[str, float] = {}  # the state of charge of each pack that charges
        for pack, soc in zip(await self.charging(), (78, 70, 55), strict=True):
            self.truth[pack.id] = soc
        await self._charge("", minutes=6)

    async def step(self, operation: str, rider: str) -> bool:
        act: Callable[[str], Awaitable[Any]] = getattr(self, f"_{operation}")
        with suppress(HubError):
            await act(rider)
            return True
        return False

    async def _confirm(self, rider: str, metres: float | None = None) -> None:
        at = self.station.location
        near = None if metres is None else Location(lat=at.lat + metres / 111_195, lng=at.lng)
        await self.services.queue.confirm(rider, self.station.id, near=near)

    async def _ride_in(self, rider: str) -> None:
        await self._confirm(rider, 4000)

    async def _from_afar(self, rider: str) -> None:
        await self._confirm(rider, 12_000)

    async def _leave(self, rider: str) -> None:
        await self.services.queue.leave(rider, None)

    async def _arrive(self, rider: str) -> None:
        await self.city.arrive(rider, self.station)

    async def _scan(self, rider: str) -> None:
        place = await self.services.queue.mine(rider)
        if place:
            await self.services.qr.verify(place.qr_token.token, station_id=self.station.id, by="staff_x")

    async def _complete(self, rider: str) -> None:
        place, old = await self.services.queue.mine(rider), await self.city.pack_of(rider)
        if place:
            swap = await self.services.swap.get(place.swap_id)
            handover = Handover(
                old_battery_id=old.id if old else None,
                new_battery_id=swap.assigned_battery_id or "none",
                old_battery_health=PackHealth.HEALTHY,
            )
            await self.services.swap.complete(place.swap_id, handover, by="staff_x")

    async def _charge(self, _: str, minutes: float = 4, pace: float = 1) -> None:
        """Time passes, and every pack charges as the curve says, seen every minute."""
        for _minute in range(round(minutes)):
            await self.city.fired(minutes=1)
            packs = await self.charging()
            self.truth = {pack.id: _later(self.truth.get(pack.id, pack.soc), pace) for pack in packs}
            readings = [SlotReading(battery_id=id, soc=soc) for id, soc in self.truth.items()]
            await self.services.stations.telemetry(self.station.id, readings)

    async def _stall(self, _: str) -> None:
        await self._charge("", minutes=9, pace=0)

    async def _overheat(self, rider: str) -> None:
        here = await self.packs()
        pack = here[self.riders.index(rider) % len(here)]
        await report(self.city, self.station, "battery_overheat", battery_id=pack.id)

    async def packs(self) -> list[Battery]:
        where = {"holder.kind": HolderKind.SLOT, "holder.id": self.station.id}
        return await self.services.world.records.now.batteries.find(where)

    async def charging(self) -> list[Battery]:
        return [pack for pack in await self.packs() if pack.state is BatteryState.CHARGING]

    async def entries(self) -> dict[str, Entry]:
        found = await self.services.world.records.now.queues.find({"state": OPEN}, order=("order",))
        return {entry.id: entry for entry in found}


def _later(soc: float, pace: float) -> float:
    """A minute's charging by the curve."""
    return min(100.0, soc + pace / (curve_minutes(soc + 0.5) - curve_minutes(soc - 0.5)))


async def check(made: World) -> None:
    """What is bound is held and charged; what is not can be had in time, or its rider knows better."""
    entries = await made.entries()
    bound = {entry.id: entry.battery_id for entry in entries.values() if entry.battery_id}
    held = {pack.held_for: pack for pack in await made.packs() if pack.held_for}
    assert bound == {entry_id: pack.id for entry_id, pack in held.items()}
    assert {pack.state for pack in held.values()} <= {BatteryState.CHARGED}
    status = await made.services.stations.status(made.station.id)
    assert status.batteries.held == len(entries)
    stand = await Promises(made.services.world).stand(made.services.world.records.now, made.station.id)
    short = [entry for entry in entries.values() if entry.pack is PackPromise.SHORT]
    assert (stand.spare("standard") < 0) == bool(short)
    assert all((entry.pack is PackPromise.ASSIGNED) == (entry.id in bound) for entry in entries.values())
    called = [entry for entry in entries.values() if entry.called_at]
    assert all(entry.battery_id for entry in called)
    assert await made.services.stations.live_equals_records()


def _newly_short(before: dict[str, Entry], after: dict[str, Entry]) -> list[str]:
    return [
        id
        for id, entry in after.items()
        if entry.pack is PackPromise.SHORT and (id not in before or before[id].pack is not PackPromise.SHORT)
    ]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps(*KEEPS, *FAILS))
async def test_promises_are_never_more_than_packs_and_fail_only_with_them(history: list[Step]) -> None:
    async with played_in_a_city(World) as made:
        for operation, number in history:
            before = await made.entries()

            await made.step(operation, made.riders[number])

            await check(made)
            if operation not in (*FAILS, "charge"):
                assert _newly_short(before, await made.entries()) == []


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps(*KEEPS))
async def test_while_packs_charge_as_they_do_every_promise_is_kept_in_time(history: list[Step]) -> None:
    async with played_in_a_city(World) as made:
        for operation, number in history:
            await made.step(operation, made.riders[number])

            now = made.city.clock()
            for entry in (await made.entries()).values():
                is_due = entry.needed_by is None or entry.needed_by <= now
                assert entry.pack is not PackPromise.SHORT
                assert not (is_due and entry.state in PRESENT) or entry.battery_id
