"""`station:*`: stations as everybody sees them, and their controllers' telemetry."""

from __future__ import annotations

from pydantic import Field

from handlers.duty import is_staff_of
from handlers.lists import List, Numbered
from hub.operations import Call, Operations, Rate
from services.answers import NearStation, Page, StationStatus, TelemetryTaken
from services.base import BatteryId, Instant, Location, Model, StationId
from services.errors import Forbidden
from services.forms import StationForm
from services.models import Role
from services.saved_answers import SavedStation, SlotPack
from services.stations import SlotReading

operation = Operations("station")


class OfStation(Model):
    station_id: StationId


class Packs(Numbered):
    station_id: StationId


class Stations(List):
    active_only: bool = False


class Nearest(Location):
    max_distance_km: float | None = Field(None, gt=0, le=20_000)
    limit: int = Field(50, ge=1, le=200)


class Slot(Model):
    slot: int | None = Field(None, ge=0)
    battery_id: BatteryId
    soc: float = Field(ge=0, le=100, description="state of charge, %")
    soh: float | None = Field(None, ge=0, le=100, description="state of health, %")
    temperature_c: float | None = Field(None, ge=-60, le=200)


class Telemetry(Model):
    station_id: StationId
    slots: list[Slot] = Field(default=[], max_length=500)
    at: Instant | None = None


@operation("status", rest=("GET", "/station/{station_id}/status"))
async def status(call: Call, body: OfStation) -> StationStatus:
    """A station's queue, packs, staff and outlook."""
    return await call.services.stations.status(body.station_id)


@operation("list", rest=("GET", "/station/list"))
async def list_stations(call: Call, body: Stations) -> Page[StationStatus]:
    """Every station, by id."""
    return await call.services.stations.list(
        active_only=body.active_only, limit=body.limit, cursor=body.cursor
    )


@operation("nearest", rest=("GET", "/station/nearest"))
async def nearest(call: Call, body: Nearest) -> Page[NearStation]:
    """Open stations by distance."""
    here = Location(lat=body.lat, lng=body.lng)
    return await call.services.stations.nearest(here, max_distance_km=body.max_distance_km, limit=body.limit)


@operation(
    "telemetry", rest=("POST", "/station/{station_id}/telemetry"), roles={Role.DEVICE}, rate=Rate.POSITION
)
async def telemetry(call: Call, body: Telemetry) -> TelemetryTaken:
    """What a station's controller reads in its slots."""
    if call.identity.station_id != body.station_id:
        raise Forbidden(station_id=body.station_id)
    readings = [SlotReading(**dict(slot)) for slot in body.slots]
    return TelemetryTaken(accepted=await call.services.stations.telemetry(body.station_id, readings))


@operation(
    "batteries",
    rest=("GET", "/station/{station_id}/batteries"),
    roles={Role.STAFF, Role.TRANSPORTER, Role.ADMIN},
)
async def batteries(call: Call, body: Packs) -> Page[SlotPack]:
    """The packs in a station's slots, by slot: for its staff, transporters with a job there, and admins."""
    found = await call.services.batteries.at_station(body.station_id, limit=body.limit, cursor=body.cursor)
    if call.role is Role.ADMIN or await is_staff_of(call, body.station_id):
        return found
    if call.role is Role.TRANSPORTER and await call.services.batteries.is_carrier(
        call.user_id, body.station_id
    ):
        return found
    raise Forbidden(station_id=body.station_id)


@operation("save", rest=("PUT", "/station/{station_id}"), roles={Role.ADMIN})
async def save(call: Call, body: StationForm) -> SavedStation:
    """Make a station, or change what is given of one; `is_active: false` closes it."""
    return await call.services.station_admin.save(body)


@operation("close", rest=("POST", "/station/{station_id}/close"), roles={Role.ADMIN})
async def close(call: Call, body: OfStation) -> SavedStation:
    """Take no more riders: who waits is told `station_closed`, who is being served is served."""
    return await call.services.station_admin.close(body.station_id)


@operation("open", rest=("POST", "/station/{station_id}/open"), roles={Role.ADMIN})
async def open_station(call: Call, body: OfStation) -> SavedStation:
    """Take riders again."""
    return await call.services.station_admin.open(body.station_id)
