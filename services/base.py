"""The base of every document, event and answer, and the types they share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Protocol, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant needs its zone")
    return at.astimezone(UTC)


def rfc3339(at: datetime) -> str:
    """`2026-11-24T09:30:00.000000Z`: fixed width, so that text order is time order."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:-6] + "Z"


Instant = Annotated[
    datetime, AfterValidator(_utc), PlainSerializer(rfc3339, return_type=str, when_used="json")
]
"""An aware UTC instant; RFC 3339 with `Z` on the wire and in the stores."""

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@-]*$")]
"""An id made by the hub or an operator: 1 to 64 characters, safe in room names, keys and paths."""

UserId = Id
StationId = Id
BatteryId = Id
EntryId = Id
SwapId = Id
JobId = Id


class Model(BaseModel):
    """A value: immutable, by name, no surprises."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Document(Model):
    """A record with an id and a version that grows by one with each change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str
    version: int = 0

    def changed(self, **fields: object) -> Self:
        """A copy with these fields and the next version; values of our own code, not checked again."""
        return self.model_copy(update={**fields, "version": self.version + 1})


class Location(Model):
    """A WGS 84 point in degrees."""

    lat: float = Field(ge=-90, le=90)
    lng: float = Field(ge=-180, le=180)


class Clock(Protocol):
    """Gives the time, as an aware UTC instant; passed in so that tests are exact."""

    def __call__(self) -> datetime: ...


class Ids(Protocol):
    """Makes a new unique id; ids made later sort later."""

    def __call__(self) -> str: ...


class Secrets(Protocol):
    """Makes an unguessable string of at least 128 bits."""

    def __call__(self) -> str: ...
