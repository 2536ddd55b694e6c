"""`recommend`: where to ride."""

from __future__ import annotations

from pydantic import Field, model_validator

from hub.operations import Call, Operations
from services.answers import Recommendation, Recommendations
from services.base import Location, Model
from services.models import Role

operation = Operations("recommend")

RIDER = {Role.CONSUMER}
BATTERY_LEVEL = Field(None, ge=0, le=100, description="state of charge, %")
BEST = 5  # stations that a rider is shown


class Recommend(Model):
    location: Location
    battery_level: int | None = BATTERY_LEVEL


class Optimal(Model):
    lat: float | None = Field(None, ge=-90, le=90)
    lng: float | None = Field(None, ge=-180, le=180)
    battery_level: int | None = BATTERY_LEVEL

    @model_validator(mode="after")
    def _both_or_none(self) -> Optimal:
        if (self.lat is None) != (self.lng is None):
            raise ValueError("give lat and lng together, or neither to use your newest position")
        return self

    @property
    def location(self) -> Location | None:
        return None if self.lat is None or self.lng is None else Location(lat=self.lat, lng=self.lng)


@operation(rest=("POST", "/recommend"), roles=RIDER, command=False)
async def recommend(call: Call, body: Recommend) -> Recommendations:
    """The best stations for the caller, with the reasons."""
    items = await call.services.recommend.rank(
        call.user_id, body.location, battery_level=body.battery_level, limit=BEST
    )
    return Recommendations(items=items)


@operation("optimal", rest=("GET", "/recommend/optimal"), roles=RIDER)
async def optimal(call: Call, body: Optimal) -> Recommendation | None:
    """The one best station for the caller, or null when none can take them."""
    best = await call.services.recommend.rank(
        call.user_id, body.location, battery_level=body.battery_level, limit=1
    )
    return best[0] if best else None
