"""Facts about what operators and users save: stations, packs outside of stations, partners, people."""

from __future__ import annotations

from typing import ClassVar, Self

from services.base import Instant, Location
from services.events import Fact, Topic
from services.models import Battery, Role, Station, Vehicle
from services.pack_figures import PackFigures, pack_figures
from services.world import Stamp


class StationSaved(Fact):
    """A station was made, changed, opened or closed; rooms hear `station:updated`, the log has this."""

    type = "station.saved"
    topic = Topic.SWAP

    station_id: str
    station_name: str
    location: Location
    is_active: bool
    capacity: int
    bays: int
    slots: int

    @classmethod
    def of(cls, station: Station, stamp: Stamp) -> Self:
        """Of a station with its changes, before they are published: its version is still the stored one."""
        return cls(
            **stamp,
            version=station.version + 1,
            station_id=station.id,
            station_name=station.name,
            location=station.location,
            is_active=station.is_active,
            capacity=station.capacity,
            bays=station.bays,
            slots=station.slots,
        )

    def key(self) -> str:
        return self.station_id


class BatteryMovedElsewhere(PackFigures, Fact):
    """A pack that no station has, or had until now, has changed its holder or its state."""

    name = "battery:changed"
    type = "battery.moved"
    topic = Topic.SWAP

    @classmethod
    def of(cls, battery: Battery, *, id: str, at: Instant) -> Self:
        return cls(
            id=id,
            at=at,
            version=battery.version,
            **pack_figures(battery),
        )

    def rooms(self) -> tuple[str, ...]:
        return ("admin",)

    def key(self) -> str:
        return self.battery_id


class PartnerSaved(Fact):
    """A partner was made or changed."""

    name = "partner:changed"
    type = "partner.saved"
    topic = Topic.LOGISTICS

    partner_id: str
    partner_name: str
    location: Location
    capacity: int

    def rooms(self) -> tuple[str, ...]:
        return ("admin",)

    def key(self) -> str:
        return self.partner_id


class UserSaved(Fact):
    """Somebody's record was made or changed; without the phone number, which is not for the log."""

    name: ClassVar[str | None] = "profile:changed"
    type = "user.saved"
    topic = Topic.SWAP

    user_id: str
    role: Role
    user_name: str
    vehicle: Vehicle | None
    station_id: str | None

    def rooms(self) -> tuple[str, ...]:
        return (f"user:{self.user_id}", "admin")

    def key(self) -> str:
        return self.user_id
