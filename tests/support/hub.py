"""A hub in this process, on free ports with a data directory of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from hub.app import Hub, open_hub
from hub.config import Settings
from services.base import Location
from services.models import Assignment, Battery, Holder, HolderKind, Role, Station, User, Vehicle
from services.states import BatteryState
from tests.support.people import Person
from tests.support.stores import STORES

CENTRE = Location(lat=12.9716, lng=77.5946)
METRES_PER_DEGREE = 111_195


class RunningHub:
    """The hub, and everybody who calls it."""

    def __init__(self, hub: Hub, http: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.http = http
        self.sockets: list[Any] = []
        self._numbers = count(1)
        self._stations = count(1)

    @property
    def socket_url(self) -> str:
        return f"http://127.0.0.1:{self.hub.socket_port}"

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.hub.rest_port}"

    @property
    def records(self) -> Any:
        return self.hub.services.world.records

    # -- places

    async def station(
        self, *, places: int = 20, charged: int = 12, charging: int = 0, bays: int = 2, active: bool = True
    ) -> Station:
        """A station with packs in its slots; nobody works there yet."""
        number = next(self._stations)
        station = Station(
            id=f"station_{number:03}",
            name=f"Station {number}",
            location=Location(lat=CENTRE.lat + number / 20, lng=CENTRE.lng),
            is_active=active,
            capacity=places,
            bays=bays,
            slots=charged + charging + 6,
        )
        levels = [95.0] * charged + [40.0] * charging
        packs = [self._pack(station, slot, soc) for slot, soc in enumerate(levels)]
        async with self.records.transaction() as tx:
            await tx.stations.insert(station)
            await tx.batteries.insert(*packs)
        await self.hub.services.stations.rebuild_live()
        return station

    def _pack(self, station: Station, slot: int, soc: float) -> Battery:
        state = BatteryState.CHARGED if soc > 90 else BatteryState.CHARGING
        holder = Holder(kind=HolderKind.SLOT, id=station.id, slot=slot)
        return self._battery(holder, state, soc)

    def _battery(self, holder: Holder, state: BatteryState, soc: float) -> Battery:
        id = f"battery_{next(self._numbers):05}"
        return Battery(id=id, state=state, holder=holder, soc=soc, soh=97, updated_at=self.now())

    async def held_batteries(self, station: Station) -> int:
        """Packs of the station that are promised to somebody, bound or not."""
        return (await self.hub.services.stations.status(station.id)).batteries.held

    def now(self) -> Any:
        return self.hub.services.world.clock()

    # -- people

    def token(self, id: str, role: Role, *, station: str | None = None, ttl_s: float = 3600) -> str:
        ttl = timedelta(seconds=ttl_s)
        return self.hub.authenticator.issue(id, role, ttl=ttl, station_id=station)[0]

    def _person(self, role: Role, *, station: str | None = None, ttl_s: float = 3600) -> Person:
        id = f"{role.value}_{next(self._numbers):03}"
        return Person(self, id, self.token(id, role, station=station, ttl_s=ttl_s))

    def rider(self, *, pack: bool = True, ttl_s: float = 3600) -> Person:
        """A rider with a vehicle, and a pack in it."""
        person = self._person(Role.CONSUMER, ttl_s=ttl_s)

        async def prepare() -> None:
            vehicle = Vehicle(id=f"KA01-{person.id}")
            user = User(
                id=person.id, role=Role.CONSUMER, name=person.id, vehicle=vehicle, created_at=self.now()
            )
            holder = Holder(kind=HolderKind.RIDER, id=person.id)
            async with self.records.transaction() as tx:
                await tx.users.insert(user)
                if pack:
                    await tx.batteries.insert(self._battery(holder, BatteryState.IN_USE, 20))

        return Person(self, person.id, person.token, prepare)

    def staff(self, station: Station) -> Person:
        """Somebody on duty at a station."""
        person = self._person(Role.STAFF, station=station.id)

        async def prepare() -> None:
            shift = Assignment(
                id=f"shift_{person.id}", staff_id=person.id, station_id=station.id, starts_at=self.now()
            )
            async with self.records.transaction() as tx:
                await tx.users.insert(
                    User(id=person.id, role=Role.STAFF, name=person.id, created_at=self.now())
                )
                await tx.staff_assignments.insert(shift)
            await self.hub.services.stations.rebuild_live()

        return Person(self, person.id, person.token, prepare)

    def admin(self) -> Person:
        return self._person(Role.ADMIN)

    def transporter(self) -> Person:
        return self._person(Role.TRANSPORTER)

    def device(self, station: Station) -> Person:
        """A station's controller."""
        return self._person(Role.DEVICE, station=station.id)

    def anybody(self, token: str) -> Person:
        """Whoever has this token."""
        return Person(self, "anybody", token)

    def near(self, station: Station, metres: float, **more: Any) -> dict[str, Any]:
        """A ping so many metres north of a station."""
        lat = station.location.lat + metres / METRES_PER_DEGREE
        return {"lat": lat, "lng": station.location.lng, "accuracy": 5, **more}


@asynccontextmanager
async def running(data_dir: Path, **settings: Any) -> AsyncIterator[RunningHub]:
    """A hub while the block runs; every socket is closed at its end."""
    free: dict[str, Any] = {"hub_port": 0, "rest_port": 0, "hub_host": "127.0.0.1", "data_dir": data_dir}
    unlimited = {"rate_limit_per_minute": 0, "rate_limit_per_hour": 0, "drain_seconds": 0}
    stores = STORES.settings(data_dir)
    if settings.get("engine") == "aiohttp":  # it is one hub's alone
        stores = {name: value for name, value in stores.items() if name != "redis_host"}
    made = Settings(_env_file=None, **{**free, **unlimited, **stores, **settings})
    async with open_hub(made) as hub, aiohttp.ClientSession() as http:
        running = RunningHub(hub, http)
        try:
            yield running
        finally:
            await asyncio.gather(*(socket.disconnect() for socket in running.sockets), return_exceptions=True)
