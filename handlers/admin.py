"""`admin:*`: the whole network, now and then, for administrators."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from handlers.lists import List
from hub.operations import Call, Operations
from services.answers import Page
from services.base import Instant, Model
from services.live_figures import LiveNetwork
from services.logistics import Logistics
from services.models import Role
from services.overview import StationOverview
from services.past import ReplayPage
from services.traffic import Traffic

operation = Operations("admin")

ADMINS = {Role.ADMIN}

Limit = Annotated[int, Field(ge=1, le=200)]


class Nothing(Model):
    """Asks for nothing in particular."""


class Cells(Model):
    limit: Limit = 50
    cursor: str | None = Field(None, pattern=r"^[01]\.[0-9]{6}:[0-9a-f]{15}$")


class Past(Model):
    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True, serialize_by_alias=True)

    start: Instant = Field(alias="from", description="the state at this moment comes first")
    end: Instant = Field(alias="to", description="events made until then")
    limit: Limit = 50
    cursor: str | None = Field(
        None, max_length=128, pattern=r"^(event:[0-9]{1,15}|(incident|job|station|ticket):.+)$"
    )


@operation("live", rest=("GET", "/admin/live"), roles=ADMINS)
async def live(call: Call, body: Nothing) -> LiveNetwork:
    """The network in figures now, each with its definition beside it."""
    return await call.services.admin.live.now()


@operation("logistics", rest=("GET", "/admin/logistics"), roles=ADMINS)
async def logistics(call: Call, body: Nothing) -> Logistics:
    """The fleet by holder and state, jobs with their ages, deliveries on time, partners' stock."""
    return await call.services.admin.logistics.now()


@operation("traffic", rest=("GET", "/admin/traffic"), roles=ADMINS)
async def traffic(call: Call, body: Cells) -> Traffic:
    """Speed and congestion by H3 cell in the newest whole five minutes, the most congested first."""
    return await call.services.admin.traffic.page(limit=body.limit, cursor=body.cursor)


@operation("stations", rest=("GET", "/admin/stations/overview"), roles=ADMINS)
async def stations(call: Call, body: List) -> Page[StationOverview]:
    """Every station by id: its status, free slots, swaps today, open incidents by level, jobs under way."""
    return await call.services.admin.overview.page(limit=body.limit, cursor=body.cursor)


@operation("replay", rest=("GET", "/admin/replay"), roles=ADMINS)
async def replay(call: Call, body: Past) -> ReplayPage:
    """Stations, open jobs, incidents and tickets as they were at `from`, then the events until `to`."""
    return await call.services.admin.replay.page(body.start, body.end, limit=body.limit, cursor=body.cursor)
