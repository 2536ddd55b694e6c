"""A small network for the tests of the rules: real services on a real store, time by hand."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from services.answers import PingsTaken, QueuePlace
from services.base import Location
from services.errors import TokenInvalid
from services.models import (
    Assignment,
    Battery,
    Holder,
    HolderKind,
    Role,
    Station,
    User,
    Vehicle,
)
from services.network import Services
from services.ports import Log
from services.positions import Ping
from services.states import BatteryState
from services.tokens import QrClaims

CENTRE = Location(lat=12.9716, lng=77.5946)


@dataclass
class HandClock:
    """Time that stands until it is moved."""

    now: datetime = datetime(2026, 11, 24, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **step: float) -> datetime:
        self.now += timedelta(**step)
        return self.now


class DigestSigner:
    """Signs with a plain digest: the rules only need that tokens cannot be made by others."""

    def sign(self, claims: QrClaims) -> str:
        body = urlsafe_b64encode(claims.model_dump_json().encode()).decode()
        return f"{body}.{sha256(body.encode()).hexdigest()[:16]}"

    def read(self, token: str) -> QrClaims:
        body, _, digest = token.partition(".")
        if sha256(body.encode()).hexdigest()[:16] != digest:
            raise TokenInvalid
        return QrClaims.model_validate_json(urlsafe_b64decode(body))


@dataclass
class City:
    """Fills the store, and moves people about."""

    services: Services
    clock: HandClock
    log: Log
    _ids: Any = field(default_factory=lambda: count(1))

    async def station(
        self, *, places: int = 20, charged: int = 12, charging: int = 0, bays: int = 2, staff: int = 2
    ) -> Station:
        """A station with packs in its slots and staff on duty."""
        number = next(self._ids)
        station = Station(
            id=f"station_{number:03}",
            name=f"Station {number}",
            location=Location(lat=CENTRE.lat + number / 10, lng=CENTRE.lng),
            capacity=places,
            bays=bays,
            slots=charged + charging + 6,
        )
        packs = [self._pack(station, slot, 95.0, BatteryState.CHARGED) for slot in range(charged)]
        packs += [self._pack(station, charged + n, 40.0, BatteryState.CHARGING) for n in range(charging)]
        async with self.services.world.records.transaction() as tx:
            await tx.stations.insert(station)
            await tx.batteries.insert(*packs)
            for _ in range(staff):
                await self._staff(tx, station.id)
        await self.services.stations.rebuild_live()
        return station

    def _pack(self, station: Station, slot: int, soc: float, state: BatteryState) -> Battery:
        return Battery(
            id=f"battery_{next(self._ids):05}",
            state=state,
            holder=Holder(kind=HolderKind.SLOT, id=station.id, slot=slot),
            soc=soc,
            soh=98,
            updated_at=self.clock(),
        )

    async def _staff(self, tx: Any, station_id: str) -> str:
        name = f"staff_{next(self._ids):03}"
        await tx.users.insert(User(id=name, role=Role.STAFF, name=name, created_at=self.clock()))
        await tx.staff_assignments.insert(
            Assignment(id=f"shift_{name}", staff_id=name, station_id=station_id, starts_at=self.clock())
        )
        return name

    async def rider(self, *, pack: bool = True, battery_type: str = "standard") -> str:
        """A rider with a vehicle, and with the pack in it."""
        name = f"consumer_{next(self._ids):03}"
        vehicle = Vehicle(id=f"KA01-{name}", battery_type=battery_type)
        async with self.services.world.records.transaction() as tx:
            await tx.users.insert(
                User(id=name, role=Role.CONSUMER, name=name, vehicle=vehicle, created_at=self.clock())
            )
            if pack:
                await tx.batteries.insert(
                    Battery(
                        id=f"battery_{next(self._ids):05}",
                        battery_type=battery_type,
                        state=BatteryState.IN_USE,
                        holder=Holder(kind=HolderKind.RIDER, id=name),
                        soc=20,
                        soh=95,
                        updated_at=self.clock(),
                    )
                )
        return name

    async def place(self, station: Station, rider: str | None = None) -> QueuePlace:
        """A rider's confirmed place."""
        return await self.services.queue.confirm(rider or await self.rider(), station.id)

    async def ping(self, rider: str, station: Station, metres: float, **more: Any) -> PingsTaken:
        """One fix so many metres north of a station."""
        where = Location(lat=station.location.lat + metres / 111_195, lng=station.location.lng)
        ping = Ping(lat=where.lat, lng=where.lng, **{"accuracy": 5, **more})
        return await self.services.positions.take(rider, [ping])

    async def arrive(self, rider: str, station: Station) -> None:
        """Ride to the station and be seen there twice."""
        for metres in (300, 200):
            await self.ping(rider, station, metres)
            self.clock.forward(seconds=20)

    async def pack_of(self, rider: str) -> Battery | None:
        where = {"holder.kind": HolderKind.RIDER, "holder.id": rider}
        return await self.services.world.records.now.batteries.first(where)

    async def held(self, station: Station) -> int:
        """Packs of the station that are promised to somebody, bound or not."""
        return (await self.services.stations.status(station.id)).batteries.held

    async def bound(self, station: Station) -> int:
        """Packs in the station's slots that are kept for somebody, or for a job."""
        packs = await self.services.world.records.now.batteries.find(
            {"holder.kind": HolderKind.SLOT, "holder.id": station.id}
        )
        return sum(pack.held_for is not None for pack in packs)

    async def fired(self, *, minutes: float) -> None:
        """Move the time and fire what is due."""
        await self.services.timers.run_due(self.clock.forward(minutes=minutes))

    async def told(self, name: str | None = None) -> list[dict[str, Any]]:
        """The payloads of the facts so far, in order; of one event, or of all with their names."""
        records = await self.log.read(after=0, limit=10_000)
        return [
            {"event": record.name, "rooms": record.rooms, "type": record.type, **json.loads(record.payload)}
            for record in records
            if name is None or record.name == name
        ]
