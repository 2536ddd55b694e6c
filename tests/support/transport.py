"""Jobs and vans for the tests that go through the doors."""

from __future__ import annotations

from typing import Any

from services.base import Location
from services.models import Partner, Station
from tests.support.hub import CENTRE, RunningHub
from tests.support.people import Door, Person

FAR = 5_000  # metres: outside every geofence


class Haulage:
    """An admin who orders, and whoever carries."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        self.admin = hub.admin()

    async def partner(self, id: str = "shop_001", capacity: int = 10) -> Partner:
        shop = Partner(
            id=id, name=id, location=Location(lat=CENTRE.lat, lng=CENTRE.lng + 0.2), capacity=capacity
        )
        async with self.hub.records.transaction() as tx:
            await tx.partner_shops.insert(shop)
        return shop

    def order(self, source: Station | Partner, target: Station | Partner, packs: int = 2, **more: Any) -> Any:
        """The payload of `job:create`."""
        return {"from": ref(source), "to": ref(target), "battery_count": packs, **more}

    async def job(self, source: Station | Partner, target: Station | Partner, packs: int = 2) -> Any:
        answer = await self.admin.call("job:create", self.order(source, target, packs))
        assert answer.ok, answer
        return answer.data

    async def accepted(self, source: Station, target: Station, packs: int = 2) -> tuple[Any, Person]:
        """A job, and the transporter who has it."""
        job, driver = await self.job(source, target, packs), self.hub.transporter()
        return (await driver.call("job:accept", job_id=job["job_id"])).data, driver

    async def aboard(self, source: Station, target: Station, packs: int = 2) -> tuple[Any, Person]:
        """A job with its packs in the van."""
        job, driver = await self.accepted(source, target, packs)
        await self.at(driver, source)
        answer = await driver.call("job:pickup", job_id=job["job_id"], battery_ids=job["battery_ids"])
        assert answer.ok, answer
        return answer.data, driver

    async def at(self, driver: Person, place: Station | Partner, metres: float = 50) -> None:
        """The driver is seen so many metres from there. Hubs of these tests have no speed rule."""
        assert (await driver.call("gps:ping", self.hub.near(place, metres))).data["accepted"] == 1  # type: ignore[arg-type]

    async def pack(self, id: str) -> Any:
        return await self.hub.records.now.batteries.get(id)


def ref(place: Station | Partner) -> dict[str, str]:
    return {"kind": "station" if isinstance(place, Station) else "partner", "id": place.id}


def fields(job: Any, *names: str) -> dict[str, Any]:
    return {name: job[name] for name in names}


BOTH: tuple[Door, ...] = ("socket", "rest")
