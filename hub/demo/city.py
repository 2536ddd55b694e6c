"""Everybody of the demo, each with a client of their own: what they do, to be run side by side."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Final

from hub.demo.chargers import Chargers
from hub.demo.client import Client
from hub.demo.controller import Controller
from hub.demo.desk import Desk, Inspector
from hub.demo.guests import Guests
from hub.demo.pace import Pace
from hub.demo.places import STATIONS, station_id
from hub.demo.planner import Planner
from hub.demo.rider import Rider
from hub.demo.seed import CONSUMERS, TRANSPORTERS
from hub.demo.staff import MOST_IN_LINE, Bay, Line
from hub.demo.van import Van
from hub.demo.vehicle import Vehicle
from services.base import Clock
from services.models import Role

CONNECT_EVERY_S: Final = 0.01  # between two clients, at the start
BAYS_STAFFED: Final = 2
ADMIN: Final = "admin_001"
VAN_LOOKS_S: Final = 120.0  # city time, while there is nothing to carry

SignsIn = Callable[[str, Role, str | None], Client]
Live = Callable[[], Coroutine[None, None, None]]


class City:
    """Riders, staff, controllers, transporters and an admin of the seeded city."""

    def __init__(self, signs_in: SignsIn, *, riders: int, pace: Pace, seed: int, now: Clock) -> None:
        self._signs_in = signs_in
        self._pace = pace
        self._now = now
        self._rng = random.Random(seed)  # noqa: S311 - a demo is no secret
        self._lives: list[Live] = []
        self._guests = [f"consumer_{number:03}" for number in range(riders + 1, CONSUMERS + 1)]
        admin = self._client(ADMIN, Role.ADMIN)
        inspector = Inspector(admin)
        lines = {station_id(index): self._station(index, inspector) for index in range(len(STATIONS))}
        for number in range(1, riders + 1):
            self._rider(number, lines)
        for number in range(1, TRANSPORTERS + 1):
            self._van(number)
        self._lives.append(Planner(admin, factor=pace.factor).live)

    def _client(self, user: str, role: Role, station: str | None = None) -> Client:
        client = self._signs_in(user, role, station)
        self._lives.append(client.keep_connected)
        return client

    def _station(self, index: int, inspector: Inspector) -> Line:
        """The two people of a station, one at each bay, and its controller; answers where riders line up."""
        id, line, pace, rng = station_id(index), Line(MOST_IN_LINE), self._pace, self._rng
        first = BAYS_STAFFED * index + 1
        crew = [self._client(f"staff_{first + bay:03}", Role.STAFF, id) for bay in range(BAYS_STAFFED)]
        device = self._client(f"device_{index + 1:03}", Role.DEVICE, id)
        self._lives += [Bay(staff, line, station_id=id, factor=pace.factor, rng=rng).work for staff in crew]
        chargers = Chargers(
            device, crew[0], station_id=id, factor=pace.factor, rng=rng, report_every_s=pace.report_every_s
        )
        self._lives += [
            chargers.report,
            Controller(device, station_id=id, factor=pace.factor, rng=rng).live,
            Desk(crew[1], inspector, station_id=id, factor=pace.factor, rng=rng).work,
        ]
        if self._guests:
            self._lives.append(Guests(crew[0], line, self._guests, factor=pace.factor, rng=rng).live)
        return line

    def _vehicle(self, client: Client, ping_every_s: float) -> Vehicle:
        pace = self._pace
        return Vehicle(
            client,
            factor=pace.factor,
            rng=self._rng,
            fastest_mps=pace.fastest_mps,
            ping_every_s=ping_every_s,
            always_seen=pace.always_seen,
        )

    def _rider(self, number: int, lines: dict[str, Line]) -> None:
        client, pace = self._client(f"consumer_{number:03}", Role.CONSUMER), self._pace
        rider = Rider(
            client,
            self._vehicle(client, pace.ping_every_s),
            lines,
            factor=pace.factor,
            rng=self._rng,
            now=self._now,
            look_every_s=pace.look_every_s,
        )
        self._lives.append(rider.live)

    def _van(self, number: int) -> None:
        user = f"transporter_{number:03}"
        client, pace = self._client(user, Role.TRANSPORTER), self._pace
        van = Van(
            client,
            self._vehicle(client, pace.van_pings_every_s),
            user_id=user,
            factor=pace.factor,
            rng=self._rng,
            now=self._now,
            look_every_s=max(pace.look_every_s, VAN_LOOKS_S / pace.factor),
        )
        self._lives.append(van.live)

    async def live(self) -> None:
        """Everybody lives, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for live in self._lives:
                tasks.create_task(live())
                await asyncio.sleep(CONNECT_EVERY_S)
