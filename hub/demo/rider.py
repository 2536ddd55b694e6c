"""A rider of the demo: rests, rides, runs low, and swaps."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from hub.demo.client import DemoClient
from hub.demo.crew import Crew, Visit
from hub.demo.demand import rest_s
from hub.demo.places import STATIONS
from hub.demo.roads import Way, way
from services.base import Location
from services.geo import distance_m

logger = logging.getLogger("hub.demo")

PING_EVERY_S: Final = 2.0  # wall time
KM_PER_SOC: Final = 0.7
LOW_SOC: Final = 28.0
GIVES_UP: Final = 0.04  # share of riders who leave the queue on the way
STAYS_AWAY: Final = 0.02  # share who do not come and do not say so
AT_BAY_S: Final = 900.0  # wall time, longest wait for the crew


class Rider:
    """One rider and what they do all day."""

    def __init__(
        self,
        client: DemoClient,
        crews: dict[str, Crew],
        *,
        factor: float,
        rng: random.Random,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._crews = crews
        self._factor = factor
        self._rng = rng
        self._now = now
        self._here = self._somewhere()
        self._soc = rng.uniform(15, 70)
        self._called = asyncio.Event()
        self._ended = asyncio.Event()
        self._token = ""
        client.on("queue:called", self._on_called)
        client.on("queue:ended", self._on_ended)
        client.on("queue:still-coming", self._on_question)

    async def _on_called(self, _: Any) -> None:
        self._called.set()

    async def _on_ended(self, _: Any) -> None:
        self._ended.set()
        self._called.set()

    async def _on_question(self, _: Any) -> None:
        await self._client.call("queue:still-coming", coming=True)

    def _somewhere(self) -> Location:
        """Near one of the places, up to about two kilometres away."""
        _, place = self._rng.choice(STATIONS)
        shift = [self._rng.gauss(0, 0.008) for _ in "ab"]
        return Location(lat=place.lat + shift[0], lng=place.lng + shift[1])

    async def live(self) -> None:
        """Day after day, until cancelled."""
        await self._client.connect()
        await asyncio.sleep(self._rng.uniform(0, 20))
        while True:
            try:
                await self._trip()
            except Exception:
                logger.exception("demo: a trip went wrong; the next one follows")
                await asyncio.sleep(5)

    async def _trip(self) -> None:
        if (await self._client.call("queue:mine")).get("data"):  # from before a restart
            await self._client.call("queue:leave", reason="starting again")
        if self._soc > LOW_SOC:
            await asyncio.sleep(rest_s(self._rng, self._now()) / self._factor)
            await self._ride(way(self._here, self._somewhere()))
        else:
            await self._swap()

    async def _ride(self, route: Way, *, until: float = 1.0) -> None:
        """Along a route, with a position every two seconds; `until` is the share that is ridden."""
        driven = 0.0
        while driven < route.seconds * until:
            await asyncio.sleep(PING_EVERY_S)
            driven = min(route.seconds, driven + PING_EVERY_S * self._factor * self._rng.uniform(0.75, 1.0))
            self._move(route.place(driven))
            await self._ping()

    def _move(self, there: Location) -> None:
        self._soc = max(1.0, self._soc - distance_m(self._here, there) / 1000 / KM_PER_SOC)
        self._here = there

    async def _ping(self) -> None:
        blur = self._rng.gauss(0, 0.00003), self._rng.gauss(0, 0.00003)
        await self._client.tell(
            "gps:ping",
            {
                "lat": round(self._here.lat + blur[0], 6),
                "lng": round(self._here.lng + blur[1], 6),
                "accuracy": round(self._rng.uniform(4, 12), 1),
            },
        )

    async def _swap(self) -> None:
        place = await self._place()
        if place is None:
            await asyncio.sleep(30 / self._factor)
            return
        fate = self._rng.random()
        station = Location.model_validate(place["station"]["location"])
        if fate < STAYS_AWAY:
            await asyncio.wait_for(self._ended.wait(), None)
            self._soc = 60.0  # charged at home
            return
        await self._ride(way(self._here, station), until=0.5 if fate < STAYS_AWAY + GIVES_UP else 1.0)
        if fate < STAYS_AWAY + GIVES_UP:
            await self._client.call("queue:leave", reason="changed plans")
            return
        await self._at_station(place)

    async def _place(self) -> dict[str, Any] | None:
        """Ask which station is best, and take a place there."""
        self._called.clear()
        self._ended.clear()
        here = self._here.model_dump()
        best = await self._client.call("recommend", location=here, battery_level=int(self._soc))
        for option in (best.get("data") or {}).get("items", []):
            taken = await self._client.call(
                "queue:confirm", station_id=option["station_id"], location=here, battery_level=int(self._soc)
            )
            if taken["ok"]:
                self._token = taken["data"]["qr_token"]
                return dict(taken["data"])
        return None

    async def _at_station(self, place: dict[str, Any]) -> None:
        """Be seen there, wait for the call, show the code."""
        for _ in range(2):
            await self._ping()
            await asyncio.sleep(PING_EVERY_S)
        await self._called.wait()
        if self._ended.is_set():
            return
        done: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        visit = Visit(lambda: self._token, self._renew, self._soc, done)
        await self._crews[place["station_id"]].line.put(visit)
        async with asyncio.timeout(AT_BAY_S):
            soc = await done
        if soc is not None:
            self._soc = soc

    async def _renew(self) -> bool:
        renewed = await self._client.call("queue:renew-qr")
        if renewed["ok"]:
            self._token = renewed["data"]["qr_token"]
        return bool(renewed["ok"])
