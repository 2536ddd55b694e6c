"""Vans, partners and jobs for the tests of transport."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from services.base import Location
from services.job_figures import EndRef, JobView
from services.job_models import EndKind
from services.models import Battery, Partner, Role, Station, User
from services.positions import Ping
from services.transport import Order
from tests.unit.services.city import CENTRE, City


@dataclass
class Roads:
    """A city with transporters in it."""

    city: City
    _ids: Any = field(default_factory=lambda: count(1))

    @property
    def now(self) -> Any:
        return self.city.services.world.records.now

    async def transporter(self, at: Location | None = None) -> str:
        """Somebody with a van; nobody knows where, unless `at` says."""
        name = f"transporter_{next(self._ids):03}"
        async with self.city.services.world.records.transaction() as tx:
            await tx.users.insert(
                User(id=name, role=Role.TRANSPORTER, name=name, created_at=self.city.clock())
            )
        if at is not None:
            await self.seen(name, at)
        return name

    async def seen(self, user_id: str, at: Location) -> None:
        """One fix of somebody, now."""
        await self.city.services.positions.take(user_id, [Ping(lat=at.lat, lng=at.lng, accuracy=5)])

    async def partner(self, capacity: int = 10) -> Partner:
        number = next(self._ids)
        place = Location(lat=CENTRE.lat, lng=CENTRE.lng + number / 10)
        shop = Partner(id=f"shop_{number:03}", name=f"Shop {number}", location=place, capacity=capacity)
        async with self.city.services.world.records.transaction() as tx:
            await tx.partner_shops.insert(shop)
        return shop

    async def job(
        self, source: Station | Partner, target: Station | Partner, packs: int = 2, **more: Any
    ) -> JobView:
        order = Order(source=ref(source), target=ref(target), battery_count=packs, **more)
        return await self.city.services.transport.create(order, by="admin_001")

    async def accepted(self, job: JobView, by: str | None = None) -> tuple[JobView, str]:
        by = by or await self.transporter()
        return await self.city.services.transport.accept(job.job_id, by=by), by

    async def pickup(self, job: JobView, by: str, scanned: list[str] | None = None) -> JobView:
        """Be at the packs, and scan these, or all of the job."""
        self.city.clock.forward(hours=1)  # no way is too far
        await self.seen(by, job.source.location)
        ids = list(job.battery_ids) if scanned is None else scanned
        return await self.city.services.carriage.pickup(job.job_id, ids, by=by)

    async def deliver(self, job: JobView, by: str, scanned: list[str] | None = None) -> JobView:
        """Be at the target, and scan these, or all that is in the van."""
        self.city.clock.forward(hours=1)
        await self.seen(by, job.target.location)
        ids = list(job.loaded_ids) if scanned is None else scanned
        return await self.city.services.carriage.deliver(job.job_id, ids, by=by)

    async def packs(self, *ids: str) -> list[Battery]:
        return [await self.now.batteries.get(id) for id in ids]


def ref(place: Station | Partner) -> EndRef:
    kind = EndKind.STATION if isinstance(place, Station) else EndKind.PARTNER
    return EndRef(kind=kind, id=place.id)


def north(place: Location, metres: float) -> Location:
    return Location(lat=place.lat + metres / 111_195, lng=place.lng)
