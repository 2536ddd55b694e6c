"""Riders who want a place where none is free, and the places that are kept for them when one is."""

from __future__ import annotations

from enum import StrEnum

from services.base import Document, Id, Instant, Model, StationId, UserId
from services.models import Vehicle
from services.states import WaitingState


class OfferReason(StrEnum):
    """Why somebody is on a waitlist, or was offered a place without having been on one."""

    WAITLIST = "waitlist"  # they asked for a place there
    STATION_CLOSED = "station_closed"  # theirs was at a station that has closed
    STATION_FAULT = "station_fault"  # or at one that a fault has put out of service
    NO_BATTERY = "no_battery"  # the pack promised to them will not be there


class Waiting(Document):
    """A rider's turn for a place at a station; while `offered`, a place and the promise of a pack are kept.

    Of each rider one is open at most: a unique index sees to that. Collection `waitlist`.
    """

    station_id: StationId
    user_id: UserId
    user_name: str
    vehicle: Vehicle | None = None
    battery_type: Id  # of the packs that fit
    state: WaitingState
    reason: OfferReason = OfferReason.WAITLIST
    from_station_id: StationId | None = None  # where they had a place before
    position: int | None = None  # as last told, 1 = next; null unless waiting
    since: Instant
    offered_at: Instant | None = None
    offered_until: Instant | None = None
    ended_at: Instant | None = None
    end_reason: str | None = None

    @property
    def is_offered(self) -> bool:
        return self.state is WaitingState.OFFERED


class WaitingView(Model):
    """A turn as its rider and admins see it."""

    waiting_id: str
    station_id: str
    user_id: str
    user_name: str
    state: WaitingState
    reason: OfferReason
    from_station_id: str | None
    position: int | None
    offered_until: Instant | None
    end_reason: str | None
    version: int


def waiting_view(turn: Waiting) -> WaitingView:
    return WaitingView(waiting_id=turn.id, **dict(turn))
