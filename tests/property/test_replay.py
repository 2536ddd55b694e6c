"""The state at a moment, as the log tells it, is the state that was recorded then; after any history."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.checkpoints import SETTLED
from services.errors import HubError
from services.fault_models import Severity
from services.faults import Report
from services.past import Things, present, shown
from services.rules import Rules
from services.states import TicketStatus
from services.stations import SlotReading
from services.tickets import TicketChange
from tests.property.carriers import OPERATIONS as OF_JOBS
from tests.property.carriers import Carriers
from tests.property.worlds import played_in_a_city
from tests.unit.services.city import City

OPERATIONS = (
    *OF_JOBS,
    "fault",
    "fault",
    "mend",
    "arrive",
    "charge",
    "record",
    "record",
    "checkpoint",
    "meanwhile",
    "minute",
)

steps = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 8)), min_size=5, max_size=50)


class History(Carriers):
    """Jobs, riders and faults; now and then the state is recorded, and now and then a checkpoint taken."""

    def __init__(self, city: City) -> None:
        super().__init__(city)
        self.recorded: list[tuple[datetime, Things]] = []
        self.taking: list[asyncio.Task[Any]] = []

    async def fill(self) -> None:
        await super().fill()
        await self._checkpoint(0)

    async def step(self, operation: str, number: int) -> None:
        act: Callable[[int], Awaitable[Any]] = getattr(self, f"_{operation}")
        with suppress(HubError):
            await act(number)

    async def _fault(self, number: int) -> None:
        station = self.stations[number % 2]
        kinds = ("slot_jam", "charger_fault", "door")
        report = Report(station_id=station.id, kind=kinds[number % 3], severity=list(Severity)[number % 4])
        await self.services.faults.report(report, by="admin_001")

    async def _mend(self, number: int) -> None:
        tickets = await self.roads.now.tickets.find({})
        if tickets:
            change = TicketChange(status=list(TicketStatus)[1 + number % 4], note="seen to")
            await self.services.tickets.update(tickets[number % len(tickets)].id, change, by="admin_001")

    async def _arrive(self, number: int) -> None:
        await self.city.arrive(self.rider, self.stations[number % 2])

    async def _charge(self, number: int) -> None:
        station_id = self.stations[number % 2].id
        packs = await self.roads.now.batteries.find({"holder.id": station_id})
        readings = [SlotReading(battery_id=pack.id, soc=min(100, pack.soc + 30)) for pack in packs]
        await self.services.stations.telemetry(station_id, readings)

    async def _record(self, number: int) -> None:
        self.recorded.append((self.city.clock(), await self.state()))
        self.city.clock.forward(seconds=1)

    async def _checkpoint(self, number: int) -> None:
        self.city.clock.forward(seconds=1)
        await self.services.admin.checkpoints.take()
        self.city.clock.forward(seconds=SETTLED.total_seconds() if number % 2 == 0 else 1)

    async def _meanwhile(self, number: int) -> None:
        """A checkpoint that is taken while the history goes on; never two of one moment."""
        self.city.clock.forward(seconds=1)
        self.taking.append(asyncio.create_task(self.services.admin.checkpoints.take()))
        await asyncio.sleep(0)

    async def _minute(self, number: int) -> None:
        self.city.clock.forward(seconds=20 * number)

    async def state(self) -> Things:
        world = self.services.world
        return {key: thing async for key, thing in present(world.records.now, world.live)}

    async def told(self, at: datetime, *, limit: int) -> list[Any]:
        """The state at a moment from the log, all of its parts."""
        found, cursor = [], None
        while True:
            page = await self.services.admin.replay.page(at, at, limit=limit, cursor=cursor)
            assert page.state_at == at
            assert len(page.state) <= limit
            found += page.state
            cursor = page.next_cursor
            if cursor is None:
                return found


def histories() -> AbstractAsyncContextManager[History]:
    return played_in_a_city(History, rules=Rules(gps_max_speed_mps=0))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=steps, limit=st.integers(1, 9))
async def test_the_state_from_the_log_is_the_state_that_was_recorded(
    history: list[tuple[str, int]], limit: int
) -> None:
    async with histories() as made:
        for operation, number in history:
            await made.step(operation, number)
        await asyncio.gather(*made.taking)
        await made.step("minute", 1)
        await made.step("record", 0)

        for at, things in made.recorded:
            assert await made.told(at, limit=limit) == shown(things, things)
