"""Two stations, a partner, three vans, and what everybody does with jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from hub.snapshots import Snapshots
from services.errors import HubError
from services.job_models import Job
from services.rules import Rules
from tests.property.worlds import no_stats, played_in_a_city
from tests.unit.services.city import City
from tests.unit.services.roads import Roads, north

VANS = 3
OPERATIONS = (
    "create",
    "accept",
    "decline",
    "release",
    "cancel",
    "load",
    "load_other",
    "unload",
    "unload_other",
    "drive",
    "confirm",
    "leave",
    "wave",
    "wait",
    *("create", "accept", "load", "unload") * 3,  # so that many jobs come to their end
)


class Carriers:
    """What each operation does; the number says who, which job and from where."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.services = city.services
        self.roads = Roads(city)
        self.snapshots = Snapshots(city.services, no_stats)

    async def fill(self) -> None:
        self.stations = [await self.city.station(charged=n, bays=1) for n in (5, 2)]
        self.shop = await self.roads.partner(capacity=4)
        self.places: list[Any] = [*self.stations, self.shop]
        self.vans = [
            await self.roads.transporter(self.stations[0].location),
            *[await self.roads.transporter() for _ in range(VANS - 1)],
        ]
        self.rider = await self.city.rider()

    async def step(self, operation: str, number: int) -> None:
        act: Callable[[int], Awaitable[Any]] = getattr(self, f"_{operation}")
        with suppress(HubError):  # refused: nothing may have changed, and that is checked too
            await act(number)

    async def jobs(self) -> list[Job]:
        return await self.roads.now.transport_jobs.find({})

    def _van(self, number: int) -> str:
        return self.vans[number % VANS]

    async def _job(self, number: int, *states: str) -> str:
        some = [job.id for job in await self.jobs() if not states or job.state in states]
        return some[number % len(some)] if some else "nothing"

    async def _create(self, number: int) -> None:
        source, target = self.places[number % 3], self.places[(number + 1 + number // 3 % 2) % 3]
        await self.roads.job(source, target, 1 + number % 3)

    async def _accept(self, number: int) -> None:
        job = await self._job(number, "pending", "assigned")
        await self.services.transport.accept(job, by=self._van(number))

    async def _decline(self, number: int) -> None:
        await self.services.transport.decline(await self._job(number), None, by=self._van(number))

    async def _release(self, number: int) -> None:
        job = await self._job(number, "assigned")
        await self.services.transport.release(job, None, by=self._van(number))

    async def _cancel(self, number: int) -> None:
        await self.services.transport.cancel(await self._job(number), "why not")

    async def _load(self, number: int, *, other: bool = False) -> None:
        job = await self.services.jobs.get(await self._job(number, "assigned"))
        scan = [*job.battery_ids[1:], "battery_unknown"] if other else list(job.battery_ids)
        by = job.assignee_id or ""
        self.city.clock.forward(minutes=5)
        await self.roads.seen(by, job.source.location)
        await self.services.carriage.pickup(job.id, scan, by=by)

    async def _load_other(self, number: int) -> None:
        await self._load(number, other=True)

    async def _unload(self, number: int, *, other: bool = False) -> None:
        job = await self.services.jobs.get(await self._job(number, "in_transit"))
        by = job.assignee_id or ""
        self.city.clock.forward(minutes=5)
        await self.roads.seen(by, job.target.location)
        await self.services.carriage.deliver(job.id, list(job.loaded_ids[other:]), by=by)

    async def _unload_other(self, number: int) -> None:
        await self._unload(number, other=True)

    async def _drive(self, number: int) -> None:
        self.city.clock.forward(minutes=1)
        await self.roads.seen(self._van(number), north(self.stations[0].location, 300 * number))

    async def _confirm(self, number: int) -> None:
        await self.services.queue.confirm(self.rider, self.stations[number % 2].id)

    async def _leave(self, number: int) -> None:
        await self.services.queue.leave(self.rider, None)

    async def _wave(self, number: int) -> None:
        await self.city.fired(minutes=0.75)

    async def _wait(self, number: int) -> None:
        await self.city.fired(minutes=16)


def carriers() -> AbstractAsyncContextManager[Carriers]:
    return played_in_a_city(Carriers, rules=Rules(gps_max_speed_mps=0))
