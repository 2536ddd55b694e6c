"""Who works on a station's tickets, and the inspector who puts packs back into use."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any, Final

from hub.demo.client import Client
from services.pack_search import PACK_MISSING

NOTICED_S: Final = (60.0, 600.0)  # city time from a ticket's opening to its acknowledgement
BEGUN_S: Final = (120.0, 1200.0)  # from then to the work
REPAIRED_S: Final = (600.0, 3600.0)
AFTER_FAULT_S: Final = 5.0
LOST: Final = {"kind": "lost", "id": "lost"}
LOOK_EVERY_S: Final = 7200.0  # city time: at what one has not heard of

_log = logging.getLogger("hub.demo")


class Inspector:
    """An admin who lets packs be used again that somebody has looked at, and writes off those not found."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def settle(self, battery_id: str, kind: str) -> None:
        """After a ticket. Refused while the pack is elsewhere: then the next who meets it will see to it."""
        change = {"holder": LOST} if kind == PACK_MISSING else {"state": "charging"}
        await self._client.call("battery:save", battery_id=battery_id, **change)


class Desk:
    """One person of a station, who takes one ticket after the other."""

    def __init__(
        self, client: Client, inspector: Inspector, *, station_id: str, factor: float, rng: random.Random
    ) -> None:
        self._client = client
        self._inspector = inspector
        self._station_id = station_id
        self._factor = factor
        self._rng = rng
        self._news = asyncio.Event()
        client.on("hub:session", self._on_session)
        client.on("ticket:changed", self._on_ticket)

    async def _on_session(self, _: dict[str, Any]) -> None:
        await self._client.call("room:join", room=f"station:{self._station_id}:staff")
        self._news.set()

    async def _on_ticket(self, ticket: dict[str, Any]) -> None:
        if ticket["status"] == "open":
            self._news.set()

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._wait()
                await self.step()
            except Exception:
                _log.exception("demo: a ticket of %s went wrong; the next one follows", self._station_id)
                await asyncio.sleep(AFTER_FAULT_S)

    async def _wait(self) -> None:
        """For news, or a while."""
        try:
            async with asyncio.timeout(LOOK_EVERY_S / self._factor):
                await self._news.wait()
        except TimeoutError:
            return
        finally:
            self._news.clear()

    async def step(self) -> None:
        """Work on every ticket that is open, and on what was left in the middle."""
        for status in ("open", "acknowledged", "in_progress"):
            told = await self._client.call("ticket:list", station_id=self._station_id, status=status)
            for ticket in (told.get("data") or {}).get("items", []):
                await self._take(ticket)

    async def _take(self, ticket: dict[str, Any]) -> None:
        if ticket["status"] == "open":
            await self._move(ticket, NOTICED_S, status="acknowledged")
        await self._move(ticket, BEGUN_S, status="in_progress")
        resolved = await self._move(ticket, REPAIRED_S, status="resolved", note="looked at and put right")
        if resolved and ticket["battery_id"] is not None:
            await self._inspector.settle(ticket["battery_id"], ticket["kind"])

    async def _move(self, ticket: dict[str, Any], after_s: tuple[float, float], **change: str) -> bool:
        await asyncio.sleep(self._rng.uniform(*after_s) / self._factor)
        told = await self._client.call("ticket:update", ticket_id=ticket["ticket_id"], **change)
        return bool(told["ok"])
