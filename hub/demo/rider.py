"""A rider of the demo: rests, rides, runs low, and swaps."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from typing import Any, Final

from hub.demo.client import Client
from hub.demo.demand import rest_s
from hub.demo.fate import Fate, draw
from hub.demo.place import LOOK_EVERY_S, Place
from hub.demo.roads import way
from hub.demo.staff import Line, Visit
from hub.demo.vehicle import Vehicle, somewhere
from services.base import Clock

LOW_SOC: Final = 28.0
STRANDED_SOC: Final = 8.0  # good for four kilometres as the crow flies
HOME_SOC: Final = 60.0  # of who did not come: charged at home
HOME_S: Final = (3600.0, 7200.0)  # how long that takes, in city time
STOP_S: Final = (300.0, 900.0)  # of who comes late, in city time
NO_PLACE_S: Final = (60.0, 180.0)  # city time until the next try
AT_BAY_S: Final = 900.0  # wall time, longest wait for the staff
AFTER_FAULT_S: Final = 5.0
FIXES_AT_STATION: Final = 2  # as many as the hub wants to see inside

_log = logging.getLogger("hub.demo")


class Rider:
    """One rider and what they do all day."""

    def __init__(
        self,
        client: Client,
        vehicle: Vehicle,
        lines: Mapping[str, Line],
        *,
        factor: float,
        rng: random.Random,
        now: Clock,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self.vehicle = vehicle
        self.place = Place(client, look_every_s=look_every_s)
        self._lines = lines
        self._factor = factor
        self._rng = rng
        self._now = now
        self._fate = Fate.COMES
        self._may_have_place = True  # from before a restart, or because an answer was lost
        client.on("queue:still-coming", self._on_question)

    async def _on_question(self, _: dict[str, Any]) -> None:
        if self._fate is not Fate.STAYS_AWAY:
            await self.place.answer(coming=self._fate is not Fate.SAYS_NO)

    async def live(self) -> None:
        """Day after day, until cancelled."""
        while True:
            try:
                await self.step()
            except Exception:
                self._may_have_place = True
                _log.exception("demo: a rider's day went wrong; the next step follows")
                await asyncio.sleep(AFTER_FAULT_S)

    async def step(self) -> None:
        """What is next: give up what is left from before, swap, or rest and ride."""
        if self._may_have_place and await self.place.find():
            await self._give_up()
        elif self.vehicle.soc <= LOW_SOC:
            await self._swap()
        else:
            self._may_have_place = False
            await asyncio.sleep(rest_s(self._rng, self._now()) / self._factor)
            await self.vehicle.roam(way(self.vehicle.here, somewhere(self._rng), self._now()))

    async def _give_up(self) -> None:
        """A place from before a restart: nobody knows any more what was meant with it."""
        if self.place.is_active:
            await self._at_bay(is_stuck=True)
        else:
            await self.place.leave("starting again")

    async def _swap(self) -> None:
        self._may_have_place = True
        if not await self.place.take(self.vehicle.here, self.vehicle.soc):
            await self._without_place()
            return
        self._fate = draw(self._rng)
        if self._fate.is_no_show:
            await self.place.end()
            self.vehicle.soc = HOME_SOC
            return
        await self._go()

    async def _without_place(self) -> None:
        """Try again later; who is too empty to reach any station gets home, and charges there."""
        if self.vehicle.soc > STRANDED_SOC:
            await asyncio.sleep(self._rng.uniform(*NO_PLACE_S) / self._factor)
            return
        await asyncio.sleep(self._rng.uniform(*HOME_S) / self._factor)
        self.vehicle.soc = HOME_SOC

    async def _go(self) -> None:
        """To the station; some have second thoughts on the way."""
        route = way(self.vehicle.here, self.place.station, self._now())
        await self.vehicle.ride(route, end=0.5)
        if self._fate is Fate.LEAVES:
            await self.place.leave("changed plans")
            return
        if self._fate is Fate.COMES_LATE:
            await asyncio.sleep(self._rng.uniform(*STOP_S) / self._factor)
        await self.vehicle.ride(route, begin=0.5)
        await self._at_station()

    async def _at_station(self) -> None:
        """Be seen there, wait for the call, show the code."""
        for _ in range(FIXES_AT_STATION):
            await asyncio.sleep(self.vehicle.ping_every_s)
            await self.vehicle.ping()
        if await self.place.turn(self.vehicle.ping):
            await self._at_bay()

    async def _at_bay(self, *, is_stuck: bool = False) -> None:
        place, done = self.place, asyncio.get_running_loop().create_future()
        visit = Visit(place.swap_id, lambda: place.token, place.renew, self.vehicle.soc, done, is_stuck)
        async with asyncio.timeout(AT_BAY_S):
            await self._lines[place.station_id].put(visit)
            soc = await done
        if soc is not None:
            self.vehicle.soc = soc
