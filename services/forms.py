"""What an operator fills in: the requests of the operations that save, and the lines of an import.

What is not given stays as it is; of something new it has its default, or is asked for.
"""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from services.base import BatteryId, Id, Location, Model, StationId, UserId
from services.errors import ValidationFailed
from services.models import HolderKind, Role, Vehicle
from services.states import BatteryState

NAMELESS: Final = (HolderKind.WORKSHOP, HolderKind.LOST)
MOST_SLOTS: Final = 500  # what one message of telemetry can tell of

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 ()-]{2,30}$")]


class StationForm(Model):
    station_id: StationId
    name: Name | None = None
    location: Location | None = None
    capacity: int | None = Field(
        None, ge=1, le=1000, description="places in the queue; QUEUE_MAX_CAPACITY for a new station"
    )
    bays: int | None = Field(None, ge=1, le=100, description="swaps at the same time; 1 for a new station")
    slots: int | None = Field(None, ge=1, le=MOST_SLOTS, description="packs it can hold; 40 for a new one")
    is_active: bool | None = Field(None, description="open for riders; true for a new station")


class PartnerForm(Model):
    partner_id: Id
    name: Name | None = None
    location: Location | None = None
    capacity: int | None = Field(None, ge=0, le=100_000, description="packs it can store; 40 for a new one")


class HolderForm(Model):
    """Who has a pack. `id` may be left out for a workshop and for a lost pack."""

    kind: HolderKind
    id: Id | None = None
    slot: int | None = Field(
        None, ge=0, le=MOST_SLOTS, description="of a station: when not given, the first that is free"
    )

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.id is None and self.kind not in NAMELESS:
            raise ValueError(f"a {self.kind} needs its id")
        return self


class BatteryForm(Model):
    battery_id: BatteryId
    battery_type: Id | None = Field(None, description="`standard` for a new pack")
    state: BatteryState | None = Field(None, description="when not given, what follows from holder and soc")
    holder: HolderForm | None = Field(None, description="needed for a new pack")
    soc: float | None = Field(None, ge=0, le=100, description="state of charge, %; 0 for a new pack")
    soh: float | None = Field(None, ge=0, le=100, description="state of health, %; 100 for a new pack")
    temperature_c: float | None = Field(None, ge=-60, le=200)
    cycles: int | None = Field(None, ge=0, le=1_000_000)


class ProfileForm(Model):
    name: Name | None = None
    phone: Phone | None = Field(None, description="null removes it")
    vehicle: Vehicle | None = Field(None, description="null removes it")


class UserForm(ProfileForm):
    user_id: UserId
    role: Role | None = None
    station_id: StationId | None = Field(None, description="of staff and devices; null removes it")


Stored = set[str] | None
"""What storing a form answers: the stations that are to be published with it; none if it changed nothing."""


def given(form: Model, *, but: tuple[str, ...], clears: tuple[str, ...] = ()) -> dict[str, object]:
    """The fields that a form sets. Null is as good as absent, but for those that it `clears`."""
    values = {name: getattr(form, name) for name in form.model_fields_set if name not in but}
    return {name: value for name, value in values.items() if value is not None or name in clears}


def require(form: Model, *names: str) -> None:
    """Raises ValidationFailed with each of the fields that something new cannot do without."""
    missing = [name for name in names if getattr(form, name) is None]
    if missing:
        raise needed(*missing)


def needed(*names: str) -> ValidationFailed:
    """What is wrong with a form of something new that lacks these fields."""
    return ValidationFailed([{"path": name, "message": "needed for a new one"} for name in names])
