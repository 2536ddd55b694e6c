"""A station of the demo: its staff at the scanner and its chargers."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from hub.demo.client import DemoClient

logger = logging.getLogger("hub.demo")

SERVICE_S: Final = (120.0, 300.0)  # shortest and longest swap, in city time
REPORT_EVERY_S: Final = 5.0  # wall time between two telemetry reports
CHARGE_PER_MINUTE: Final = 1.2  # state of charge, %, in city time
MOST_IN_LINE: Final = 50
HEALTH: Final = {"healthy": 0.93, "degraded": 0.05, "faulty": 0.01, "maintenance": 0.01}


@dataclass(slots=True)
class Visit:
    """A rider at the bay: shows the code, renews it when asked, and hears what was handed out."""

    token: Callable[[], str]
    renew: Callable[[], Awaitable[bool]]
    soc: float
    done: asyncio.Future[float | None]  # the new pack's state of charge; none when nothing was swapped


class Crew:
    """Serves visits one after the other and reports the packs in the slots."""

    def __init__(
        self, station_id: str, staff: DemoClient, device: DemoClient, factor: float, rng: random.Random
    ) -> None:
        self.station_id = station_id
        self.line: asyncio.Queue[Visit] = asyncio.Queue(MOST_IN_LINE)
        self._staff = staff
        self._device = device
        self._factor = factor
        self._rng = rng
        self._packs: dict[str, dict[str, Any]] = {}  # by battery id: slot, soc, state
        staff.on("battery:changed", self._on_battery)
        staff.on("hub:session", self._on_session)

    async def start(self) -> None:
        await asyncio.gather(self._staff.connect(), self._device.connect())

    async def _on_session(self, _: Any) -> None:
        """A new or recovered connection: the snapshot is the truth."""
        answer = await self._staff.call("room:join", room=f"station:{self.station_id}:staff")
        if answer["ok"]:
            self._packs = {pack["battery_id"]: dict(pack) for pack in answer["data"]["snapshot"]["batteries"]}

    async def _on_battery(self, event: dict[str, Any]) -> None:
        holder = event["holder"]
        if holder["kind"] != "slot" or holder["id"] != self.station_id:
            self._packs.pop(event["battery_id"], None)
            return
        known = self._packs.setdefault(event["battery_id"], {"soc": event["soc"]})
        known |= {"slot": event["slot"], "state": event["state"]}

    async def serve(self) -> None:
        """The bay, until cancelled."""
        while True:
            visit = await self.line.get()
            soc = await self._swap(visit)
            if not visit.done.done():
                visit.done.set_result(soc)

    async def _swap(self, visit: Visit) -> float | None:
        scanned = await self._staff.call("qr:verify", token=visit.token())
        if _code(scanned) == "token_expired" and await visit.renew():
            scanned = await self._staff.call("qr:verify", token=visit.token())
        if not scanned["ok"]:
            return None
        await asyncio.sleep(self._rng.uniform(*SERVICE_S) / self._factor)
        swap = scanned["data"]
        done = await self._staff.call(
            "swap:complete",
            swap_id=swap["swap_id"],
            old_battery_id=swap["old_battery_id"],
            new_battery_id=swap["assigned_battery"]["id"],
            old_battery_health=self._rng.choices(list(HEALTH), list(HEALTH.values()))[0],
            old_battery_soc=round(visit.soc, 1),
        )
        if not done["ok"]:
            logger.warning("demo: swap at %s was refused: %s", self.station_id, _code(done))
            await self._staff.call("swap:cancel", swap_id=swap["swap_id"], reason="could not be completed")
            return None
        return float(swap["assigned_battery"]["soc"])

    async def charge(self) -> None:
        """The chargers: packs fill up, and the controller says so, until cancelled."""
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            gained = CHARGE_PER_MINUTE * REPORT_EVERY_S / 60 * self._factor
            for pack in self._packs.values():
                if pack.get("state") in ("charging", "charged"):
                    pack["soc"] = min(100.0, pack["soc"] + gained)
            slots = [
                {"slot": pack.get("slot"), "battery_id": id, "soc": round(pack["soc"], 1)}
                for id, pack in self._packs.items()
            ]
            await self._device.call("station:telemetry", station_id=self.station_id, slots=slots)


def _code(answer: dict[str, Any]) -> str:
    return "ok" if answer["ok"] else str(answer["error"]["code"])
