"""Facts: what has happened, one model each, written with the change and heard by rooms and topics.

`name` is the event's name in rooms (none: only in the log), `type` and `topic` its place in the
event log (none: only in rooms). The model is the payload: what it has, every room it names may see.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import ConfigDict

from services.base import Instant, Location, Model
from services.figures import QueueEntryView, StationFigures
from services.models import Battery, PackHealth, PackPromise, Vehicle
from services.pack_figures import PackFigures, pack_figures
from services.states import EntryState
from services.wait import Wait
from services.ways import Doubt


class Topic(StrEnum):
    """Kafka topics, and the streams of the embedded log."""

    LOCATION = "location_updates"
    SWAP = "swap_events"
    LOGISTICS = "logistics_events"
    ALERT = "alert_events"


class Fact(Model):
    """Base of every event. `id` sorts by time; `version` is that of the entity it is about.

    An event that shares figures with answers names them first: the last base decides what is forbidden.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str | None] = None
    type: ClassVar[str | None] = None
    topic: ClassVar[Topic | None] = None
    room_names: ClassVar[tuple[str, ...]] = ()  # for the docs, where its own fields do not tell its rooms

    id: str
    at: Instant
    version: int

    def rooms(self) -> tuple[str, ...]:
        """Who hears it; empty when `name` is none."""
        return ()

    def key(self) -> str:
        """The log's key: events of one key stay in order."""
        raise NotImplementedError


class AtStation(Fact):
    """Of one station, which is its key."""

    topic: ClassVar[Topic | None] = Topic.SWAP

    station_id: str

    def key(self) -> str:
        return self.station_id


class ForStaff(AtStation):
    """Heard by the station's staff and by admins."""

    def rooms(self) -> tuple[str, ...]:
        return (f"station:{self.station_id}:staff", "admin")


class _ForRider(AtStation):
    """Heard by one rider and by admins."""

    topic: ClassVar[Topic | None] = None

    user_id: str
    entry_id: str

    def rooms(self) -> tuple[str, ...]:
        return (f"user:{self.user_id}", "admin")


class _ForRiderAndStaff(_ForRider):
    """Heard by one rider, by the staff who serve them, and by admins."""

    def rooms(self) -> tuple[str, ...]:
        return (f"user:{self.user_id}", f"station:{self.station_id}:staff", "admin")


# --- the queue


class QueueConfirmed(ForStaff):
    """A rider has a place and a promised pack."""

    name = "queue:confirmed"
    type = "queue.confirmed"

    entry_id: str
    swap_id: str
    user_id: str
    user_name: str
    vehicle: Vehicle | None
    state: EntryState
    position: int | None
    estimated_wait_minutes: Wait | None
    battery_id: str | None
    pack: PackPromise
    needed_by: Instant | None  # when the pack that is promised must be charged; null: at once
    hold_until: Instant


class QueueLeft(ForStaff):
    """An entry has ended without a swap: cancelled or expired; a no-show is its own type."""

    name = "queue:left"
    type = "queue.left"

    entry_id: str
    user_id: str
    state: EntryState
    reason: str | None


class QueueNoShow(QueueLeft):
    """The rider did not come in time."""

    type = "queue.no_show"


class QueueUpdated(_ForRiderAndStaff):
    """An open entry: where it stands now."""

    name = "queue:updated"

    swap_id: str
    state: EntryState
    position: int | None
    estimated_wait_minutes: Wait | None
    hold_until: Instant
    called_at: Instant | None
    call_until: Instant | None
    qr_expires_at: Instant
    battery_id: str | None  # from arrival on
    pack: PackPromise
    answer_by: Instant | None  # of a question that is open: when the place goes without an answer


class QueueCalled(_ForRiderAndStaff):
    """The rider is next and a bay is free: come by `call_until`."""

    name = "queue:called"

    state: EntryState
    called_at: Instant
    call_until: Instant


class QueueStillComing(_ForRider):
    """A question to a rider who is late, parked or leaving; unanswered, the place goes at `answer_by`."""

    name = "queue:still-coming"

    reason: Doubt
    answer_by: Instant
    hold_until: Instant  # until when the place is kept for who answers that they come


class QueueEnded(_ForRider):
    """The rider's entry has ended, and why."""

    name = "queue:ended"

    state: EntryState
    reason: str | None


class _ForAnyone(AtStation):
    """Heard by everybody who looks at the station: no person is in it."""

    topic: ClassVar[Topic | None] = None

    def rooms(self) -> tuple[str, ...]:
        return (f"station:{self.station_id}", f"station:{self.station_id}:staff", "admin")


class QueueChanged(_ForAnyone):
    """A station's queue, without persons."""

    name = "queue:changed"

    length: int
    active: int
    capacity: int
    available_slots: int
    estimated_wait_minutes: Wait
    entries: tuple[QueueEntryView, ...]


# --- the place


class CustomerMoved(ForStaff):
    """A rider with an entry has crossed a geofence of the station."""

    topic: ClassVar[Topic | None] = Topic.LOCATION

    entry_id: str
    user_id: str
    user_name: str
    state: EntryState
    zone: Literal["inner", "outer"]
    location: Location
    trust: float  # of the fix, 0 to 1

    def key(self) -> str:
        return self.user_id


class CustomerApproaching(CustomerMoved):
    name = "customer:approaching"
    type = "geofence.entered"


class CustomerArrived(CustomerMoved):
    name = "customer:arrived"
    type = "geofence.entered"


class CustomerLeft(CustomerMoved):
    """The rider has gone out of a geofence again."""

    name = "customer:left"
    type = "geofence.left"


class GpsMoved(Fact):
    """A fix was accepted; admins see positions in conflated batches instead."""

    type = "gps.moved"
    topic = Topic.LOCATION

    user_id: str
    location: Location
    accuracy_m: float | None
    speed_mps: float | None
    heading: float | None
    fix_at: Instant
    trust: float  # 0 to 1
    trust_reasons: tuple[str, ...]

    def key(self) -> str:
        return self.user_id


# --- the swap


class QrScanned(_ForRiderAndStaff):
    """A token was accepted; the swap has begun."""

    name = "qr:scanned"
    type = "qr.verified"
    topic = Topic.SWAP

    swap_id: str
    user_name: str
    vehicle: Vehicle | None
    old_battery_id: str | None
    battery_id: str | None


class SwapStarted(AtStation):
    type = "swap.started"

    swap_id: str
    entry_id: str
    user_id: str
    staff_id: str
    battery_id: str | None


class SwapCompleted(_ForRiderAndStaff):
    """Packs have changed hands."""

    name = "swap:completed"
    type = "swap.completed"
    topic = Topic.SWAP

    swap_id: str
    old_battery_id: str | None
    new_battery_id: str
    old_battery_health: PackHealth
    credits_earned: int
    completed_at: Instant


class SwapCancelled(_ForRiderAndStaff):
    """The swap was stopped; packs are where they were."""

    name = "swap:cancelled"
    type = "swap.cancelled"
    topic = Topic.SWAP

    swap_id: str
    reason: str


class CreditsPosted(Fact):
    """Credits were posted to an account: for a swap at its station, for a job under its id."""

    name = "credits:awarded"
    type = "credits.posted"

    user_id: str
    amount: int
    reason: str
    source: str  # the swap or the job
    balance: int

    def rooms(self) -> tuple[str, ...]:
        return (f"user:{self.user_id}", "admin")


class CreditsAwarded(CreditsPosted, AtStation):
    """A rider's award was posted."""


# --- the station


class BatteryMoved(PackFigures, ForStaff):
    """A pack has changed its holder, its state or its promise."""

    name = "battery:changed"
    type: ClassVar[str | None] = "battery.moved"

    slot: int | None

    @classmethod
    def of(cls, battery: Battery, *, id: str, at: Instant, station_id: str) -> Self:
        return cls(
            id=id,
            at=at,
            version=battery.version,
            station_id=station_id,
            slot=battery.holder.slot,
            **pack_figures(battery),
        )


class BatteryRead(BatteryMoved):
    """Telemetry says something new of a pack that stays where it is: rooms hear it, the log does not."""

    type: ClassVar[str | None] = None
    topic: ClassVar[Topic | None] = None


class StationUpdated(StationFigures, _ForAnyone):
    """The whole status of a station, as `station:status` answers it."""

    name = "station:updated"

    station_name: str
