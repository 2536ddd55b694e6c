"""The documents of the records: what the network knows. One class per collection."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Self

from pydantic import Field

from services.base import (
    BatteryId,
    Document,
    EntryId,
    Id,
    Instant,
    JobId,
    Location,
    Model,
    StationId,
    SwapId,
    UserId,
)
from services.figures import QueueEntryView
from services.prospects import Prospects
from services.states import WAITING, BatteryState, EntryState, ShiftState, SwapState
from services.wait import Wait, wait_of


class Role(StrEnum):
    """Who somebody is to the network."""

    CONSUMER = "consumer"
    STAFF = "staff"
    TRANSPORTER = "transporter"
    ADMIN = "admin"
    DEVICE = "device"


STANDARD = "standard"  # the type of a pack or a vehicle that names none


class Vehicle(Model):
    """What a rider drives; only packs of its `battery_type` fit."""

    id: str = Field(max_length=64)
    model: str | None = Field(None, max_length=64)
    battery_type: Id = STANDARD


def battery_type_of(vehicle: Vehicle | None) -> str:
    """The packs that fit; of a rider whose vehicle is not known, the standard ones."""
    return vehicle.battery_type if vehicle else STANDARD


class User(Document):
    """A person or a device. Created from the token's claims when seen first."""

    role: Role
    name: str
    phone: str | None = None
    vehicle: Vehicle | None = None
    station_id: StationId | None = None
    created_at: Instant


class Station(Document):
    """A place with bays where packs are exchanged, and slots where they charge.

    `version` grows with every change of its queue, its packs or itself, so that two commands
    that touch one station conflict in the store, and a client can order what it hears.
    """

    name: str
    location: Location
    is_active: bool = True
    capacity: int = Field(ge=1)  # places in the queue
    bays: int = Field(1, ge=1)  # swaps at the same time
    slots: int = Field(ge=1)  # packs it can hold
    next_order: int = 1  # the order number of the next entry
    waitlisted: int = 0  # turns of its waitlist that are open, offers among them
    staff_on_duty: int | None = None  # counted anew when null
    staff_present: int | None = None  # of these, who is not still on the way
    prospects: Prospects = Prospects()


class HolderKind(StrEnum):
    """Who has a pack."""

    SLOT = "slot"
    RIDER = "rider"
    VAN = "van"
    PARTNER = "partner"
    WORKSHOP = "workshop"
    LOST = "lost"


class Holder(Model):
    """Exactly one per pack: a slot of a station, a rider, a van, a partner, a workshop, or lost."""

    kind: HolderKind
    id: str
    slot: int | None = None


class ChargeRun(Model):
    """A pack's charging as telemetry has seen it; `ready_at` is null when it is late and nobody can say."""

    since: Instant
    from_soc: float  # %
    ready_at: Instant | None = None  # charged by then with 90 % certainty
    ready_minutes: float = 0.0  # from the newest reading to `ready_at`


class Battery(Document):
    """A pack. `held_for` is the open entry that it is bound to, or the open job that carries it."""

    battery_type: Id = STANDARD
    state: BatteryState
    holder: Holder
    soc: float = Field(ge=0, le=100)
    soh: float = Field(ge=0, le=100)
    temperature_c: float = 25.0
    cycles: int = 0
    charge: ChargeRun | None = None  # while it charges
    charged_at: Instant | None = None  # when it was seen to be charged, in this slot
    read_at: Instant | None = None  # when its controller last read it in this slot, to two hours
    held_for: EntryId | JobId | None = None
    custody_count: int = 0  # records of its custody chain
    custody_hash: str = ""  # of the newest one
    updated_at: Instant

    @property
    def is_held(self) -> bool:
        """Is it kept for somebody?"""
        return self.held_for is not None


class Custody(Document):
    """A pack got another holder: link `number` of its chain; `giver` is null for a pack that is new.

    `proof` says what allowed it, `hash` is over all of this and so over the hash of the link before.
    """

    battery_id: BatteryId
    number: int = Field(ge=1)
    giver: Holder | None
    taker: Holder
    actor: UserId
    proof: str
    at: Instant
    previous_hash: str
    hash: str


class PackPromise(StrEnum):
    """How the pack of an open entry stands."""

    PROMISED = "promised"  # there will be one
    ASSIGNED = "assigned"  # `battery_id` says which
    SHORT = "short"  # what it was promised of has failed: the next one that gets free


class BoardEntry(Model):
    """One open entry, as its station's board shows it."""

    entry_id: str
    swap_id: str
    user_id: str
    user_name: str
    vehicle: Vehicle | None
    state: EntryState
    position: int | None
    estimated_wait_minutes: Wait | None
    battery_id: BatteryId | None
    called: bool

    @cached_property
    def public(self) -> QueueEntryView:
        """As anybody may see it."""
        return QueueEntryView(
            position=self.position, state=self.state, estimated_wait_minutes=self.estimated_wait_minutes
        )


class Entry(Document):
    """A rider's place in a station's queue; open until it ends. Collection `queues`."""

    station_id: StationId
    user_id: UserId
    user_name: str
    vehicle: Vehicle | None = None
    swap_id: SwapId
    state: EntryState
    order: int  # who came first: positions follow it
    needed_by: Instant | None = None  # when its pack must be charged; null: at once
    battery_id: BatteryId | None = None  # the pack that its promise is bound to, from arrival on
    pack: PackPromise = PackPromise.PROMISED  # as last told to the rider
    battery_level: int | None = None  # of the rider's pack at confirming, %
    confirmed_from: Location | None = None
    walk_in: bool = False  # staff gave it to a rider without a phone, and have its token
    confirmed_at: Instant
    hold_until: Instant
    asked_at: Instant | None = None  # when the rider was asked whether they still come
    coming_at: Instant | None = None  # when they said that they do, and have not been seen to since
    answer_by: Instant | None = None  # when the place goes without an answer; null when there is no question
    arrived_at: Instant | None = None
    called_at: Instant | None = None
    call_until: Instant | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
    end_reason: str | None = None
    qr_nonce: str
    qr_issued_at: Instant
    position: int | None = None  # as last told to the rider; null when not waiting
    wait_p50_minutes: float | None = None
    wait_p90_minutes: float | None = None

    @property
    def told_wait(self) -> Wait | None:
        """The wait as last told to the rider."""
        if self.wait_p50_minutes is None or self.wait_p90_minutes is None:
            return None
        return wait_of(self.wait_p50_minutes, self.wait_p90_minutes)

    def told(self, position: int | None, wait: Wait | None, pack: PackPromise) -> Entry:
        """The entry once its rider knows this: the next version, or itself when they know it already."""
        if (position, wait, pack) == (self.position, self.told_wait, self.pack):
            return self
        p50, p90 = (wait.p50, wait.p90) if wait else (None, None)
        return self.changed(position=position, wait_p50_minutes=p50, wait_p90_minutes=p90, pack=pack)

    @cached_property
    def on_board(self) -> BoardEntry:
        """As its station's board shows it: made once, for an entry is on many boards before it changes."""
        return BoardEntry(
            entry_id=self.id,
            swap_id=self.swap_id,
            user_id=self.user_id,
            user_name=self.user_name,
            vehicle=self.vehicle,
            state=self.state,
            position=self.position,
            estimated_wait_minutes=self.told_wait,
            battery_id=self.battery_id,
            called=self.called_at is not None,
        )

    def changed(self, **fields: object) -> Self:
        copy = super().changed(**fields)
        copy.__dict__.pop("on_board", None)  # pydantic copies what was cached, too
        return copy

    @property
    def is_waiting(self) -> bool:
        return self.state in WAITING


class PackHealth(StrEnum):
    """What staff see when they take a pack back."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAULTY = "faulty"
    MAINTENANCE = "maintenance"


class Swap(Document):
    """One exchange: from the promise to the handover."""

    entry_id: EntryId
    user_id: UserId
    station_id: StationId
    state: SwapState
    assigned_battery_id: BatteryId | None
    assigned_because: tuple[str, ...] = ()  # why this pack of all
    old_battery_id: BatteryId | None = None
    new_battery_id: BatteryId | None = None
    old_battery_health: PackHealth | None = None
    old_battery_soc: float | None = None
    notes: str | None = None
    staff_id: UserId | None = None
    credits_earned: int = 0
    created_at: Instant
    started_at: Instant | None = None
    completed_at: Instant | None = None
    cancelled_at: Instant | None = None
    cancel_reason: str | None = None


class QrToken(Document):
    """A token given out; `id` is its SHA-256, the token itself is nowhere. Collection `qr_tokens`."""

    entry_id: EntryId
    user_id: UserId
    station_id: StationId
    issued_at: Instant
    expires_at: Instant
    replaced_at: Instant | None = None
    used_at: Instant | None = None
    used_by: UserId | None = None


class PostingState(StrEnum):
    """Two-phase: promised at the start of a swap, posted at its end or voided."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


class Posting(Document):
    """One line of a double entry; the lines of one `source` and `rule` sum to zero. Collection `credits`."""

    account: str  # a user id, or "network"
    amount: int
    rule: str  # "swap_award", "transport_award"
    source: str  # the swap or job that it is for
    state: PostingState
    reason: str
    at: Instant


class ShiftKind(StrEnum):
    SHIFT = "shift"
    DIVERSION = "diversion"


class Assignment(Document):
    """A staff member's time on duty at a station. Collection `staff_assignments`.

    Of each person one runs at most: a unique index sees to that.
    """

    staff_id: UserId
    station_id: StationId
    kind: ShiftKind = ShiftKind.SHIFT
    starts_at: Instant
    ends_at: Instant | None = None
    expected_at: Instant | None = None  # of a diversion: when they will be there
    arrived_at: Instant | None = None

    @property
    def state(self) -> ShiftState:
        return ShiftState.RUNNING if self.ends_at is None else ShiftState.ENDED

    @property
    def is_on_the_way(self) -> bool:
        """On duty, but not at the bays yet."""
        return self.kind is ShiftKind.DIVERSION and self.arrived_at is None


class Partner(Document):
    """A shop that stores packs. Collection `partner_shops`."""

    name: str
    location: Location
    capacity: int
