"""A rider's place in a queue, as the rider's phone knows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from hub.demo.client import Client
from services.base import Location

LOOK_EVERY_S: Final = 30.0  # wall time between two looks at a place of which nothing is heard
STATIONS_TRIED: Final = 5


class Place:
    """One place at a time: taken, called, ended. What events say, and what the hub says when asked."""

    def __init__(self, client: Client, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._client = client
        self._look_every_s = look_every_s
        self.station_id = self.entry_id = self.swap_id = self.token = ""
        self.station = Location(lat=0, lng=0)
        self.is_active = False
        self._called = asyncio.Event()
        self._ended = asyncio.Event()
        client.on("queue:called", self._on_called)
        client.on("queue:ended", self._on_ended)

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    async def _on_called(self, event: dict[str, Any]) -> None:
        if event["entry_id"] == self.entry_id:
            self._called.set()

    async def _on_ended(self, event: dict[str, Any]) -> None:
        if event["entry_id"] == self.entry_id:
            self._ended.set()

    async def find(self) -> bool:
        """Take up a place that one has already, perhaps from before a restart."""
        answer = await self._client.call("queue:mine")
        if not answer.get("data"):
            return False
        self._take(answer["data"])
        return True

    async def take(self, here: Location, soc: float) -> bool:
        """Ask which station is best, and take a place there or at the next best."""
        told = {"location": here.model_dump(), "battery_level": int(soc)}
        best = await self._client.call("recommend", **told)
        for option in (best.get("data") or {}).get("items", [])[:STATIONS_TRIED]:
            taken = await self._client.call("queue:confirm", station_id=option["station_id"], **told)
            if taken["ok"]:
                self._take(taken["data"])
                return True
        return False

    def _take(self, place: dict[str, Any]) -> None:
        if place["entry_id"] != self.entry_id:
            self._called.clear()
            self._ended.clear()
        self.station_id, self.entry_id = place["station_id"], place["entry_id"]
        self.swap_id, self.token = place["swap_id"], place["qr_token"]
        self.station = Location.model_validate(place["station"]["location"])
        self.is_active = place["state"] == "active"

    async def leave(self, reason: str) -> None:
        await self._client.call("queue:leave", reason=reason)

    async def answer(self, *, coming: bool) -> None:
        await self._client.call("queue:still-coming", coming=coming)

    async def renew(self) -> bool:
        """Get a new token; the phone shows it from then on."""
        renewed = await self._client.call("queue:renew-qr")
        if renewed["ok"]:
            self.token = renewed["data"]["qr_token"]
        return bool(renewed["ok"])

    async def turn(self, meanwhile: Callable[[], Awaitable[None]]) -> bool:
        """Wait for one's turn, and do something now and then; false when the place has ended."""
        while not self._called.is_set() and not self.has_ended:
            await self._hear(self._called, self._ended)
            await meanwhile()
        return not self.has_ended

    async def end(self) -> None:
        """Wait for the end of the place."""
        while not self.has_ended:
            await self._hear(self._ended)

    async def _hear(self, *events: asyncio.Event) -> None:
        """Until one of the events, or a while; then look, as a lost connection may have kept it from us."""
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            heard, _ = await asyncio.wait(
                waits, timeout=self._look_every_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for wait in waits:
                wait.cancel()
        if not heard:
            await self._look()

    async def _look(self) -> None:
        answer = await self._client.call("queue:mine")
        if not answer["ok"]:
            return
        mine = answer["data"]
        if mine is None or mine["entry_id"] != self.entry_id:
            self._ended.set()
        elif mine["state"] == "active" or _is_next(mine):
            self._called.set()


def _is_next(place: dict[str, Any]) -> bool:
    """Has the rider been called, as far as the place shows it?"""
    known = (place["state"], place["position"], place["pack"])
    return known == ("arrived", 1, "assigned")
