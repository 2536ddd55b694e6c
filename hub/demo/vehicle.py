"""A two-wheeler: where it is, what its pack holds, and how it rides."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Final

from hub.demo.client import DemoClient
from hub.demo.places import STATIONS
from hub.demo.roads import Way
from hub.demo.traffic import TOP_SPEED_MPS
from services.base import Location
from services.geo import distance_m

PING_EVERY_S: Final = 2.0  # wall time
KM_PER_SOC: Final = 0.7  # 70 km with a full pack
EMPTY_SOC: Final = 1.0  # nobody is left standing on the road
FASTEST_SEEN_MPS: Final = 60.0  # of the pings: below the hub's speed rule, whatever the time factor
NEAR_DEGREES: Final = 0.008  # about 900 m, one sigma
BLUR_DEGREES: Final = 0.00003  # about 3 m, one sigma


class Vehicle:
    """Rides along ways, drains, and tells the hub where it is."""

    def __init__(
        self,
        client: DemoClient,
        *,
        factor: float,
        rng: random.Random,
        fastest_mps: float = FASTEST_SEEN_MPS,
    ) -> None:
        self._client = client
        self._rng = rng
        self._factor = min(factor, fastest_mps / TOP_SPEED_MPS)
        self.here = somewhere(rng)
        self.soc = rng.uniform(15, 70)

    async def ride(self, way: Way, *, begin: float = 0.0, end: float = 1.0) -> None:
        """Between two shares of the way, with a position every two seconds."""
        ridden_s, until_s = way.seconds * begin, way.seconds * end
        while ridden_s < until_s:
            await asyncio.sleep(PING_EVERY_S)
            ridden_s = min(until_s, ridden_s + PING_EVERY_S * self._factor * self._rng.uniform(0.75, 1.0))
            self._move(way.place(ridden_s))
            await self.ping()

    def _move(self, there: Location) -> None:
        km = distance_m(self.here, there) / 1000
        self.soc = max(EMPTY_SOC, self.soc - km / KM_PER_SOC)
        self.here = there

    async def ping(self) -> None:
        await self._client.tell("gps:ping", self._fix())

    def _fix(self) -> dict[str, Any]:
        """What the phone's receiver says: a little beside the truth."""
        return {
            "lat": round(self.here.lat + self._rng.gauss(0, BLUR_DEGREES), 6),
            "lng": round(self.here.lng + self._rng.gauss(0, BLUR_DEGREES), 6),
            "accuracy": round(self._rng.uniform(4, 12), 1),
        }


def somewhere(rng: random.Random) -> Location:
    """Near one of the places of the city."""
    _, place = rng.choice(STATIONS)
    return Location(lat=place.lat + rng.gauss(0, NEAR_DEGREES), lng=place.lng + rng.gauss(0, NEAR_DEGREES))
