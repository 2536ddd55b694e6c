"""Work for the dashboard to show: jobs with vans on the road, people asked to move, faults that climb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from services.models import Role
from tests.dashboard.city import City
from tests.support.people import Person

NEAR_M: Final = 0.0002  # degrees: inside every geofence
CHARGER: Final = {"kind": "charger_fault", "severity": "high", "description": "Slot 4 does not charge"}


@dataclass
class Desk:
    """An admin, and the people whom they send."""

    city: City

    @property
    def admin(self) -> Person:
        return Person(self.city, "admin_001", self.city.token("admin_001", Role.ADMIN))

    def driver(self, number: int) -> Person:
        id = f"transporter_{number:03}"
        return Person(self.city, id, self.city.token(id, Role.TRANSPORTER))

    def staff(self, number: int) -> Person:
        """Two work at each station: 1 and 2 at the first."""
        return self.city.seeded_staff(number, f"station_{(number + 1) // 2:03}")

    async def done(self, who: Person, event: str, **payload: Any) -> Any:
        answer = await who.ask("rest", event, payload)
        assert answer.ok, answer
        return answer.data

    async def job(self, source: str, target: str, packs: int = 4, **more: Any) -> Any:
        ends = {"from": {"kind": "station", "id": source}, "to": {"kind": "station", "id": target}}
        return await self.done(self.admin, "job:create", **ends, battery_count=packs, **more)

    async def accepted(self, job: Any, driver: Person) -> Any:
        return await self.done(driver, "job:accept", job_id=job["job_id"])

    async def at(self, driver: Person, place: Any, off: float = NEAR_M) -> None:
        """The driver is seen so many degrees north of an end of a job."""
        here = {"lat": place["location"]["lat"] + off, "lng": place["location"]["lng"]}
        assert (await self.done(driver, "gps:ping", **here, accuracy=5))["accepted"] == 1

    async def aboard(self, job: Any, driver: Person) -> Any:
        await self.accepted(job, driver)
        await self.at(driver, job["from"])
        scan = {"job_id": job["job_id"], "battery_ids": job["battery_ids"]}
        return await self.done(driver, "job:pickup", **scan)

    async def asked(self, number: int, there: str) -> Any:
        """The staff member with this number is asked to help there."""
        here = f"station_{(number + 1) // 2:03}"
        stations = {"from_station_id": here, "to_station_id": there}
        return await self.done(
            self.admin,
            "staff:divert",
            **stations,
            staff_ids=[f"staff_{number:03}"],
            reason="A long queue",
        )

    async def answered(self, asked: Any, number: int, *, accept: bool = True) -> Any:
        payload = {"diversion_id": asked["diversion_id"], "accept": accept}
        return await self.done(self.staff(number), "staff:respond", **payload)

    async def fault(self, station: str, **report: Any) -> Any:
        return await self.done(self.admin, "fault:report", station_id=station, **{**CHARGER, **report})

    async def fill(self) -> None:
        """A busy afternoon."""
        await self.job("station_003", "station_011", 3, priority=4)
        first = await self.job("station_005", "station_009")
        second = await self.job("station_012", "station_017", 6)
        await self.accepted(first, self.driver(1))
        await self.at(self.driver(1), first["from"], 0.02)
        await self.aboard(second, self.driver(2))
        await self.asked(1, "station_010")
        await self.answered(await self.asked(5, "station_012"), 5)
        await self.fault("station_004")
        await self.fault("station_006", kind="slot_jam", severity="medium", description=None)
        await self.fault("station_008", kind="battery_smoke", severity="critical", description="Smoke")
