"""A station's slots: what lies in them, what its controller reads, and a swap."""

from __future__ import annotations

from services.models import Battery, HolderKind, PackHealth, Station
from services.stations import SlotReading
from services.swap import Handover
from tests.unit.services.city import City


async def packs_at(city: City, station: Station) -> list[Battery]:
    where = {"holder.kind": HolderKind.SLOT, "holder.id": station.id}
    return await city.services.world.records.now.batteries.find(where)


async def read(city: City, station: Station, *, but: tuple[str, ...] = ()) -> None:
    """The controller's report, as the packs are recorded."""
    packs = [pack for pack in await packs_at(city, station) if pack.id not in but]
    readings = [SlotReading(slot=pack.holder.slot, battery_id=pack.id, soc=pack.soc) for pack in packs]
    await city.services.stations.telemetry(station.id, readings)


async def swap(city: City, station: Station, rider: str) -> None:
    """A whole visit: place, scan, handover."""
    place = await city.place(station, rider)
    scan = await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")
    assert scan.assigned_battery
    handover = Handover(
        old_battery_id=scan.old_battery_id,
        new_battery_id=scan.assigned_battery.id,
        old_battery_health=PackHealth.HEALTHY,
    )
    await city.services.swap.complete(scan.swap_id, handover, by="staff_x")
