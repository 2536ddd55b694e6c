"""`ticket:*`: people's work on incidents."""

from __future__ import annotations

from pydantic import Field, model_validator

from handlers.duty import is_staff_of
from handlers.fault import SEEN_BY, seen_station
from handlers.lists import List
from hub.operations import Call, Operations
from services.answers import Page
from services.base import Id, Model, StationId, UserId
from services.errors import NotFound
from services.fault_models import Ticket
from services.fault_views import TicketDetails, TicketView, ticket_details
from services.models import Role
from services.states import TicketStatus
from services.tickets import TicketChange

operation = Operations("ticket")


class OfTicket(Model):
    ticket_id: Id


class Tickets(List):
    station_id: StationId | None = None
    status: TicketStatus | None = None


class Update(OfTicket):
    status: TicketStatus | None = None
    assignee: UserId | None = Field(None, description="who works on it; null takes them off")
    note: str | None = Field(None, min_length=1, max_length=1000)
    paused: bool | None = Field(None, description="stop both clocks, with the reason as note; or run on")

    @model_validator(mode="after")
    def _says_something(self) -> Update:
        if self.paused and not self.note:
            raise ValueError("a pause needs its reason as note")
        if not self.model_fields_set & {"status", "assignee", "note", "paused"}:
            raise ValueError("give at least one of status, assignee, note and paused")
        return self


@operation("list", rest=("GET", "/ticket"), roles=SEEN_BY)
async def list_tickets(call: Call, body: Tickets) -> Page[TicketView]:
    """Tickets, newest first: of the caller's station, or for admins of any or all."""
    station_id = await seen_station(call, body.station_id)
    return await call.services.tickets.list(
        station_id=station_id, status=body.status, limit=body.limit, cursor=body.cursor
    )


@operation("get", rest=("GET", "/ticket/{ticket_id}"), roles=SEEN_BY)
async def get(call: Call, body: OfTicket) -> TicketDetails:
    """One ticket with its notes, for its station's staff and admins."""
    return ticket_details(await _seen(call, body.ticket_id))


@operation("update", rest=("PATCH", "/ticket/{ticket_id}"), roles=SEEN_BY)
async def update(call: Call, body: Update) -> TicketDetails:
    """Move a ticket on, give it to somebody, note something, or pause its clocks with a reason."""
    await _seen(call, body.ticket_id)
    change = TicketChange(
        **body.model_dump(exclude={"ticket_id"}), assigns="assignee" in body.model_fields_set
    )
    return await call.services.tickets.update(body.ticket_id, change, by=call.user_id)


async def _seen(call: Call, ticket_id: str) -> Ticket:
    """The ticket, for staff of its station and admins. Raises NotFound: others may not know of it."""
    ticket: Ticket = await call.services.tickets.get(ticket_id)
    if call.role is not Role.ADMIN and not await is_staff_of(call, ticket.station_id):
        raise NotFound(ticket_id=ticket_id)
    return ticket
