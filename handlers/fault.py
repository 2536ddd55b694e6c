"""`fault:*`: what is wrong at stations, and how far it has climbed."""

from __future__ import annotations

from pydantic import Field

from handlers.duty import duty_station, is_staff_of
from handlers.lists import List
from hub.operations import Call, Operations
from services.answers import Page
from services.base import BatteryId, Id, Model, StationId
from services.errors import Forbidden, NotFound
from services.fault_models import FaultKind, Incident, Severity
from services.fault_views import FaultTaken, IncidentDetails, IncidentView, incident_details, taken
from services.faults import Report
from services.models import Role

operation = Operations("fault")

SEEN_BY = {Role.STAFF, Role.ADMIN}


class ReportFault(Model):
    station_id: StationId
    battery_id: BatteryId | None = None
    kind: FaultKind = Field(description="what is wrong, as in `charger_fault`; any kind, see the docs")
    severity: Severity
    description: str | None = Field(None, max_length=1000)
    cleared: bool = Field(False, description="the fault is gone: its incident recovers")


class OfIncident(Model):
    incident_id: Id


class Faults(List):
    station_id: StationId | None = None
    open_only: bool = False


@operation("report", rest=("POST", "/fault/report"), roles={Role.STAFF, Role.DEVICE, Role.ADMIN})
async def report(call: Call, body: ReportFault) -> FaultTaken:
    """Report a fault; the same station, kind and battery while open is the same incident."""
    await call.services.stations.status(body.station_id)
    await _check_place(call, body.station_id)
    return taken(await call.services.faults.report(Report(**dict(body)), by=call.user_id))


async def _check_place(call: Call, station_id: str) -> None:
    """A controller speaks of its own station, staff of the one where they are on duty. Raises Forbidden."""
    if call.role is Role.DEVICE and call.identity.station_id != station_id:
        raise Forbidden(station_id=station_id)
    if call.role is Role.STAFF:
        await duty_station(call, station_id)


@operation("list", rest=("GET", "/fault"), roles=SEEN_BY)
async def list_faults(call: Call, body: Faults) -> Page[IncidentView]:
    """Incidents, newest first: of the caller's station, or for admins of any or all."""
    station_id = await seen_station(call, body.station_id)
    return await call.services.faults.list(
        station_id=station_id, open_only=body.open_only, limit=body.limit, cursor=body.cursor
    )


@operation("get", rest=("GET", "/fault/{incident_id}"), roles=SEEN_BY)
async def get(call: Call, body: OfIncident) -> IncidentDetails:
    """One incident with its history, for its station's staff and admins."""
    incident: Incident = await call.services.faults.get(body.incident_id)
    if call.role is not Role.ADMIN and not await is_staff_of(call, incident.station_id):
        raise NotFound(incident_id=body.incident_id)
    return incident_details(incident)


async def seen_station(call: Call, named: str | None) -> str | None:
    """Whose list the caller may see: admins any or all (none), staff their own. Raises Forbidden."""
    return named if call.role is Role.ADMIN else await duty_station(call, named)
