"""Short words for the tests of faults."""

from __future__ import annotations

from typing import Any

from services.fault_models import Incident, Severity, Ticket
from services.faults import Report
from services.models import Battery, PackHealth, Role, Station, User
from services.states import BatteryState, TicketStatus
from services.swap import Handover
from services.tickets import TicketChange
from tests.unit.services.city import City

DEVICE = "device_x"
STAFF = "staff_x"


async def controller(city: City, station: Station) -> None:
    """The station's controller has been seen by the hub."""
    user = User(id=DEVICE, role=Role.DEVICE, name=DEVICE, station_id=station.id, created_at=city.clock())
    async with city.services.world.records.transaction() as tx:
        await tx.users.insert(user)


async def report(city: City, station: Station, kind: str = "slot_jam", **fields: Any) -> Incident:
    """A report of the controller's; of high severity unless said otherwise."""
    said = {"station_id": station.id, "kind": kind, "severity": Severity.HIGH, **fields}
    return await city.services.faults.report(Report(**said), by=DEVICE)


async def now_of(city: City, incident: Incident) -> Incident:
    return await city.services.faults.get(incident.id)


async def ticket_of(city: City, incident: Incident) -> Ticket:
    ticket_id = (await now_of(city, incident)).ticket_id
    assert ticket_id
    return await city.services.tickets.get(ticket_id)


async def change(city: City, ticket: Ticket, status: TicketStatus | None = None, **fields: Any) -> Any:
    wanted = TicketChange(status=status, **fields)
    return await city.services.tickets.update(ticket.id, wanted, by=STAFF)


async def percents(city: City, clock: str) -> list[int]:
    """What was told of a clock, in order."""
    alerts = await city.told("alert:raised")
    return [alert["percent"] for alert in alerts if alert["clock"] == clock]


async def free_pack(city: City, station: Station, state: BatteryState = BatteryState.CHARGED) -> Battery:
    """A pack in a slot of the station that is promised to nobody."""
    where = {"holder.id": station.id, "state": state, "held_for": None}
    pack = await city.services.world.records.now.batteries.first(where)
    assert pack
    return pack


async def swapped(
    city: City, station: Station, rider: str, health: PackHealth, *, notes: str | None = None
) -> str:
    """A whole swap, in which staff find the rider's pack to be of that health; answers its id."""
    place, old = await city.place(station, rider), await city.pack_of(rider)
    await city.services.qr.verify(place.qr_token.token, station_id=station.id, by=STAFF)
    swap = await city.services.swap.get(place.swap_id)
    handover = Handover(
        old_battery_id=old.id if old else None,
        new_battery_id=swap.assigned_battery_id or "",
        old_battery_health=health,
        notes=notes,
    )
    await city.services.swap.complete(swap.id, handover, by=STAFF)
    return swap.id
