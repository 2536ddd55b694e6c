"""Writes a network into a data directory before its hub starts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from services.base import Location
from services.models import Assignment, Battery, Holder, HolderKind, Role, Station, User, Vehicle
from services.states import BatteryState
from tests.support.stores import STORES

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pack(id: str, holder: Holder, *, charged: bool = True) -> Battery:
    states = {HolderKind.RIDER: BatteryState.IN_USE}
    state = states.get(holder.kind, BatteryState.CHARGED if charged else BatteryState.CHARGING)
    return Battery(id=id, state=state, holder=holder, soc=95 if charged else 30, soh=97, updated_at=NOW)


def scanner_names(count: int) -> list[str]:
    return [f"scanner_{n:03}" for n in range(count)]


async def prepare(
    data_dir: Path, *, stations: int, places: int, charged: int, riders: int, scanners: int = 0
) -> None:
    """Stations station_001.. with staff_001.., riders consumer_001.. with a pack each, scanners."""
    async with STORES.open(data_dir) as store, store.records.transaction() as tx:
        for n in range(1, stations + 1):
            id = f"station_{n:03}"
            place = Location(lat=12.9 + n / 100, lng=77.6)
            await tx.stations.insert(
                Station(id=id, name=id, location=place, capacity=places, bays=2, slots=charged + 10)
            )
            slots = [Holder(kind=HolderKind.SLOT, id=id, slot=slot) for slot in range(charged + 4)]
            packs = [pack(f"b_{id}_{h.slot}", h, charged=(h.slot or 0) < charged) for h in slots]
            await tx.batteries.insert(*packs)
            staff = f"staff_{n:03}"
            await tx.users.insert(User(id=staff, role=Role.STAFF, name=staff, station_id=id, created_at=NOW))
            await tx.staff_assignments.insert(
                Assignment(id=f"shift_{staff}", staff_id=staff, station_id=id, starts_at=NOW)
            )
        await tx.users.insert(
            *(
                User(id=name, role=Role.STAFF, name=name, station_id="station_001", created_at=NOW)
                for name in scanner_names(scanners)
            )
        )
        names = [f"consumer_{n:03}" for n in range(1, riders + 1)]
        await tx.users.insert(
            *(
                User(
                    id=name,
                    role=Role.CONSUMER,
                    name=name,
                    vehicle=Vehicle(id=f"KA-{name}"),
                    created_at=NOW,
                )
                for name in names
            )
        )
        await tx.batteries.insert(
            *(pack(f"b_{name}", Holder(kind=HolderKind.RIDER, id=name)) for name in names)
        )
