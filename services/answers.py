"""What operations answer, where it is more than a document or a fact."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from services.base import Instant, Location, Model
from services.figures import QueueEntryView, StationFigures
from services.models import PackHealth, PackPromise, Vehicle
from services.states import EntryState, SwapState
from services.tokens import SignedToken
from services.wait import Wait

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A part of a list; `next_cursor` asks for the next part, null at the end."""

    model_config = ConfigDict(frozen=True)

    items: list[Item]
    next_cursor: str | None = None


class CountedPage(Page[Item], Generic[Item]):
    """A part of a list, and how long all of it is."""

    total: int


class StationCard(Model):
    id: str
    name: str
    location: Location


class QueuePlace(Model):
    """A rider's place; the token in it proves it to a scanner."""

    entry_id: str
    swap_id: str
    station_id: str
    state: EntryState
    position: int | None
    estimated_wait_minutes: Wait | None
    pack: PackPromise
    needed_by: Instant | None  # when its pack will be charged; null: it was when the place was taken
    hold_until: Instant
    answer_by: Instant | None  # of a question that is open: when the place goes without an answer
    qr_token: SignedToken
    qr_expires_at: Instant
    station: StationCard
    version: int


class QueueLeftAnswer(Model):
    entry_id: str
    state: EntryState


class RenewedQr(Model):
    qr_token: SignedToken
    qr_expires_at: Instant


class QueueEntryForStaff(QueueEntryView):
    """One entry of a queue as its station's staff see it."""

    entry_id: str
    user_id: str
    user_name: str
    vehicle: Vehicle | None


class QueueStatus(Model):
    """A station's queue; persons only for its staff and admins, a token for nobody."""

    station_id: str
    version: int
    length: int
    active: int
    capacity: int
    available_slots: int
    estimated_wait_minutes: Wait
    entries: tuple[QueueEntryForStaff, ...] | tuple[QueueEntryView, ...]


class QueueSlots(Model):
    available_slots: int
    length: int
    capacity: int
    charged_batteries: int


class StationStatus(StationFigures):
    """A station at one version."""

    id: str
    version: int
    name: str


class NearStation(StationStatus):
    distance_m: float


class RiderCard(Model):
    """The rider as the person at the bay needs to know them."""

    id: str
    name: str
    vehicle: Vehicle | None


class AssignedBattery(Model):
    id: str
    soc: float
    slot: int | None
    reasons: list[str]  # why this one of all


class VerifiedSwap(Model):
    """What a scan answers: who it is, and which pack to hand out."""

    swap_id: str
    entry_id: str
    user: RiderCard
    old_battery_id: str | None
    assigned_battery: AssignedBattery | None
    position: int | None


class SwapDone(Model):
    swap_id: str
    credits_earned: int
    completed_at: Instant


class SwapView(Model):
    """A swap as its rider, its station's staff and admins see it."""

    swap_id: str
    entry_id: str
    user_id: str
    station_id: str
    state: SwapState
    assigned_battery_id: str | None
    old_battery_id: str | None
    new_battery_id: str | None
    old_battery_health: PackHealth | None
    old_battery_soc: float | None
    notes: str | None
    credits_earned: int
    created_at: Instant
    started_at: Instant | None
    completed_at: Instant | None
    cancelled_at: Instant | None
    cancel_reason: str | None
    version: int


class RejectedPing(Model):
    index: int
    reason: str


class ZoneCrossing(Model):
    """A geofence that the caller has gone into or out of."""

    station_id: str
    zone: str  # inner or outer


class PingsTaken(Model):
    """How many fixes were stored, which were not and why, and what they changed."""

    accepted: int
    rejected: list[RejectedPing]
    entered: list[ZoneCrossing]
    left: list[ZoneCrossing]


class Image(Model):
    """A picture; its bytes go out as they are."""

    content_type: str
    image: bytes


class TelemetryTaken(Model):
    """How many readings were of packs that the station has."""

    accepted: int


class Recommendation(Model):
    """A station worth riding to, and why."""

    station_id: str
    name: str
    location: Location
    distance_m: float
    travel_minutes: float
    estimated_wait_minutes: Wait
    charged_batteries: int
    score: float
    reasons: list[str]


class Recommendations(Model):
    items: list[Recommendation]
