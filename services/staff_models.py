"""The document of a diversion: staff who are asked to work at another station for a while."""

from __future__ import annotations

from services.base import Document, Id, Instant, StationId, UserId
from services.states import DiversionState


class Diversion(Document):
    """One person's part in a diversion: asked, on the way, there, back. Collection `diversions`.

    An accepted one has a duty record of the same id, which says when it began and ended.
    """

    diversion_id: Id
    staff_id: UserId
    staff_name: str
    from_station_id: StationId
    to_station_id: StationId
    reason: str
    state: DiversionState
    asked_by: UserId
    travel_minutes: float  # nine of ten such trips take no longer
    offered_at: Instant
    expires_at: Instant  # unanswered until then, it lapses
    answered_at: Instant | None = None
    answer_reason: str | None = None
    expected_at: Instant | None = None
    arrived_at: Instant | None = None
    ended_at: Instant | None = None
