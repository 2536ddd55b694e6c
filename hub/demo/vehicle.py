"""A two-wheeler: where it is, what its pack holds, and how it rides."""

from __future__ import annotations

import asyncio
import random
from math import ceil
from typing import Any, Final

from hub.demo.client import Client
from hub.demo.places import STATIONS
from hub.demo.roads import Way
from hub.demo.traffic import TOP_SPEED_MPS
from services.base import Location
from services.geo import distance_m

PING_EVERY_S: Final = 2.0  # wall time
UNSEEN_S: Final = 120.0  # city time between two places of a vehicle that nobody sees
KM_PER_SOC: Final = 0.7  # 70 km with a full pack
EMPTY_SOC: Final = 1.0  # nobody is left standing on the road
FASTEST_SEEN_MPS: Final = 60.0  # of the pings: below the hub's speed rule, whatever the time factor
NEAR_DEGREES: Final = 0.008  # about 900 m, one sigma
BLUR_DEGREES: Final = 0.00003  # about 3 m, one sigma


class Vehicle:
    """Rides along ways, drains, and tells the hub where it is."""

    def __init__(
        self,
        client: Client,
        *,
        factor: float,
        rng: random.Random,
        fastest_mps: float = FASTEST_SEEN_MPS,
        ping_every_s: float = PING_EVERY_S,
        always_seen: bool = True,
    ) -> None:
        """`always_seen`: also on ways of which the hub need not know."""
        self.ping_every_s = ping_every_s
        self._always_seen = always_seen
        self._client = client
        self._rng = rng
        self._factor = min(factor, fastest_mps / TOP_SPEED_MPS)
        self.here = somewhere(rng)
        self.soc = rng.uniform(15, 70)

    async def ride(self, way: Way, *, begin: float = 0.0, end: float = 1.0) -> None:
        """Between two shares of the way, with a position every few seconds."""
        ridden_s, until_s = way.seconds * begin, way.seconds * end
        while ridden_s < until_s:
            await asyncio.sleep(self.ping_every_s)
            step_s = self.ping_every_s * self._factor * self._rng.uniform(0.75, 1.0)
            ridden_s = min(until_s, ridden_s + step_s)
            self._move(way.place(ridden_s))
            await self.ping()

    async def roam(self, way: Way) -> None:
        """The whole way, for oneself: nobody waits for the vehicle."""
        if self._always_seen:
            await self.ride(way)
            return
        await asyncio.sleep(way.seconds / self._factor)
        for passed in range(1, ceil(way.seconds / UNSEEN_S) + 1):
            self._move(way.place(min(way.seconds, passed * UNSEEN_S)))

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
