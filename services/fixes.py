"""Where people were, as it is kept. Collection `gps_logs`."""

from __future__ import annotations

from pydantic import Field

from services.base import Document, Instant, Location, Model, UserId


class Trace(Model):
    """What is remembered of somebody's fixes, to judge the next one by: see `services.trust`."""

    doubts: dict[str, Instant] = Field(default_factory=dict)  # when each sign was last seen
    step: tuple[float, float] | None = None  # from the fix before: degrees of latitude, longitude per second
    even: int = 0  # fixes in a row exactly where the step before led
    frozen: int = 0  # fixes in a row at the very same place, while the phone says that it moves


class GpsFix(Document):
    """One accepted position. `trust` is 0 to 1, and 1 without a reason to doubt."""

    user_id: UserId
    lat: float
    lng: float
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading: float | None = None
    at: Instant  # when the phone was there
    received_at: Instant
    seq: int | None = None
    trust: float = 1.0
    trust_reasons: tuple[str, ...] = ()
    trace: Trace | None = None

    @property
    def location(self) -> Location:
        return Location(lat=self.lat, lng=self.lng)
