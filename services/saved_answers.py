"""What the operations of operators answer: stations, packs, partners, people, credits as they are kept."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from services.answers import Page, StationStatus
from services.base import Instant, Location, Model
from services.models import Holder, Role, Vehicle
from services.states import BatteryState


class SavedStation(StationStatus):
    """A station's status with what its operator has set."""

    bays: int
    slots: int


class SlotPack(Model):
    """A pack in a slot."""

    battery_id: str
    slot: int | None
    state: BatteryState
    soc: float
    soh: float
    temperature_c: float
    held: bool


class BatteryCard(Model):
    """A pack: its state, and who has it. `held`: promised to an entry or a job."""

    battery_id: str
    battery_type: str
    state: BatteryState
    holder: Holder
    soc: float
    soh: float
    temperature_c: float
    cycles: int
    held: bool
    updated_at: Instant
    version: int


class CustodyLink(Model):
    """A pack has gone from one holder to another; `hash` covers this and `previous_hash`."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    number: int
    giver: Holder | None = Field(alias="from")  # null: the pack was registered
    taker: Holder = Field(alias="to")
    actor: str
    proof: str
    at: Instant
    previous_hash: str
    hash: str


class BatteryDetails(BatteryCard):
    """A pack with its custody chain, newest first; `next_cursor` asks for older links."""

    custody: list[CustodyLink]
    next_cursor: str | None


class PartnerCard(Model):
    """A shop that stores packs; `stored`: how many now."""

    partner_id: str
    name: str
    location: Location
    capacity: int
    stored: int
    version: int


class UserCard(Model):
    """A user as an admin and they themselves see them."""

    user_id: str
    role: Role
    name: str
    phone: str | None
    vehicle: Vehicle | None
    station_id: str | None
    created_at: Instant
    version: int


class CreditLine(Model):
    """Credits that an account got."""

    amount: int
    reason: str
    source: str
    at: Instant


class CreditsHistory(Page[CreditLine]):
    """What was posted to an account, newest first; `pending` may be posted yet."""

    balance: int
    pending: int
