"""Transport jobs as they are kept, and their ends."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from services.base import Document, Instant, Location, Model, UserId
from services.states import JobState


class EndKind(StrEnum):
    """Where packs are carried from and to."""

    STATION = "station"
    PARTNER = "partner"


class JobEnd(Model):
    """One end of a job, as it was when the job was made."""

    kind: EndKind
    id: str
    name: str
    location: Location


class Difference(Model):
    """Packs scanned at an end of a job that are not those expected there; staff look into it."""

    at_end: Literal["from", "to"]
    missing: tuple[str, ...]  # expected and not scanned, or not fit to be carried
    surplus: tuple[str, ...]  # scanned and not expected: another station's, a rider's, unknown
    noted_at: Instant


class Job(Document):
    """Packs to be carried from one place to another. Collection `transport_jobs`."""

    state: JobState
    source: JobEnd
    target: JobEnd
    battery_ids: tuple[str, ...]  # reserved: `held_for` of each is the job
    loaded_ids: tuple[str, ...] = ()  # scanned into the van
    delivered_ids: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    distance_m: int  # in a straight line
    credits: int  # for all of them
    priority: int
    wave: int = 0  # of offers: how many have gone out
    offered_to: tuple[str, ...] = ()  # whom the first waves were pushed to
    declined_by: tuple[str, ...] = ()
    assignee_id: UserId | None = None
    assignee_name: str | None = None  # as it was when they took it
    delivered_count: int = 0
    credits_earned: int = 0
    order_reason: str | None = None  # why it was ordered, where that was said
    created_by: UserId
    created_at: Instant
    expires_at: Instant  # of the offer
    assigned_at: Instant | None = None
    picked_up_at: Instant | None = None
    ended_at: Instant | None = None
    end_reason: str | None = None
