"""An admin who has packs carried from where there are many to where they are few."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from hub.demo.client import Client

PLAN_EVERY_S: Final = 900.0  # city time
FEW, ENOUGH, MANY = 6, 14, 22  # packs that can be promised
MOST_CARRIED: Final = 6  # packs in a van
STORED: Final = 20  # packs that a partner is to have at most
AFTER_FAULT_S: Final = 5.0

_log = logging.getLogger("hub.demo")


class Planner:
    """Looks at every station now and then, and orders at most one job each time."""

    def __init__(self, client: Client, *, factor: float) -> None:
        self._client = client
        self._factor = factor

    async def live(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(PLAN_EVERY_S / self._factor)
            try:
                await self.plan()
            except Exception:
                _log.exception("demo: a plan went wrong; the next one follows")
                await asyncio.sleep(AFTER_FAULT_S)

    async def plan(self) -> None:
        """From the richest station to the poorest; what nobody needs to partners, and back again."""
        stations = await self._items("station:list", limit=200, active_only=True)
        partners = await self._items("partner:list", limit=200)
        if not stations:
            return
        ranked = sorted(stations, key=lambda station: (station["charged_batteries"], station["id"]))
        stocked = sorted(partners, key=lambda partner: (partner["stored"], partner["partner_id"]))
        poor, rich = ranked[0], ranked[-1]
        spare = rich["charged_batteries"] - ENOUGH
        if poor["charged_batteries"] < FEW and spare > 0:
            await self._order(_station(rich), _station(poor), min(MOST_CARRIED, spare), priority=4)
        elif stocked:
            await self._store(poor, rich, stocked[0], stocked[-1])

    async def _store(
        self, poor: dict[str, Any], rich: dict[str, Any], emptiest: dict[str, Any], fullest: dict[str, Any]
    ) -> None:
        if rich["charged_batteries"] > MANY and emptiest["stored"] + MOST_CARRIED <= STORED:
            await self._order(_station(rich), _partner(emptiest), MOST_CARRIED)
        elif fullest["stored"] >= MOST_CARRIED:
            await self._order(_partner(fullest), _station(poor), MOST_CARRIED)

    async def _items(self, event: str, **payload: Any) -> list[dict[str, Any]]:
        told = await self._client.call(event, **payload)
        items: list[dict[str, Any]] = (told.get("data") or {}).get("items", [])
        return items

    async def _order(self, source: Any, target: Any, packs: int, *, priority: int = 1) -> None:
        """Refused when the packs are promised by now, or there is no room: the next look finds others."""
        job = {"from": source, "to": target, "battery_count": packs, "priority": priority}
        await self._client.call("job:create", **job)


def _station(station: dict[str, Any]) -> dict[str, str]:
    return {"kind": "station", "id": station["id"]}


def _partner(partner: dict[str, Any]) -> dict[str, str]:
    return {"kind": "partner", "id": partner["partner_id"]}
