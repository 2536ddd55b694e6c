"""The network that is loaded: many stations, more riders than they have places."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hub.stores.sqlite import SqliteStore
from services.base import Location
from services.models import Assignment, Battery, Holder, HolderKind, Role, Station, User, Vehicle
from services.ports import Records
from services.states import BatteryState

STATIONS, PLACES, RIDERS = 150, 30, 3000
_AT = datetime(2026, 1, 1, tzinfo=UTC)


def station_id(n: int) -> str:
    return f"station_{n + 1:03}"


def rider_id(n: int) -> str:
    return f"consumer_{n + 1:05}"


def _pack(name: str, kind: HolderKind, holder: str, slot: int | None, state: BatteryState) -> Battery:
    where = Holder(kind=kind, id=holder, slot=slot)
    return Battery(id=name, state=state, holder=where, soc=95, soh=97, updated_at=_AT)


async def fill(data_dir: Path) -> None:
    """Write it in one transaction."""
    async with SqliteStore.open(data_dir / "navswap.sqlite", clock=lambda: _AT) as store:
        await fill_records(store.records, stations=STATIONS, places=PLACES, riders=RIDERS)


async def fill_records(records: Records, *, stations: int, places: int, riders: int) -> None:
    """So many stations with a charged pack for each place, and riders, in one transaction."""
    async with records.transaction() as tx:
        for n in range(stations):
            name, staff = station_id(n), f"staff_{n + 1:03}"
            here = Location(lat=12.5 + n / 200, lng=77.6)
            await tx.stations.insert(
                Station(id=name, name=name, location=here, capacity=places, bays=2, slots=places + 6)
            )
            await tx.batteries.insert(
                *(
                    _pack(f"b_{name}_{slot}", HolderKind.SLOT, name, slot, BatteryState.CHARGED)
                    for slot in range(places)
                )
            )
            await tx.users.insert(
                User(id=staff, role=Role.STAFF, name=staff, station_id=name, created_at=_AT)
            )
            await tx.staff_assignments.insert(
                Assignment(id=f"shift_{staff}", staff_id=staff, station_id=name, starts_at=_AT)
            )
        names = [rider_id(n) for n in range(riders)]
        await tx.users.insert(
            *(
                User(id=r, role=Role.CONSUMER, name=r, vehicle=Vehicle(id=f"KA-{r}"), created_at=_AT)
                for r in names
            )
        )
        await tx.batteries.insert(
            *(_pack(f"b_{r}", HolderKind.RIDER, r, None, BatteryState.IN_USE) for r in names)
        )
