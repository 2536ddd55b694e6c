"""The people at the bays: they scan, exchange the packs, and clear what got stuck."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from hub.demo.client import Client

SERVICE_S: Final = (120.0, 300.0)  # shortest and longest swap, in city time
MOST_IN_LINE: Final = 50
AFTER_FAULT_S: Final = 5.0
HEALTH: Final = {"healthy": 0.96, "degraded": 0.03, "faulty": 0.005, "maintenance": 0.005}

_log = logging.getLogger("hub.demo")


@dataclass(slots=True, eq=False)
class Visit:
    """A rider at the bay: shows the code, renews it when asked, and hears what was handed out."""

    swap_id: str
    token: Callable[[], str]  # what the phone shows now
    renew: Callable[[], Awaitable[bool]]
    soc: float
    done: asyncio.Future[float | None]  # the new pack's state of charge; none when nothing was swapped
    is_stuck: bool = False  # scanned before a restart: nobody is at the bay any more

    def end(self, soc: float | None) -> None:
        if not self.done.done():
            self.done.set_result(soc)


Line = asyncio.Queue[Visit]


class Bay:
    """One bay and the person who works at it."""

    def __init__(
        self, client: Client, line: Line, *, station_id: str, factor: float, rng: random.Random
    ) -> None:
        self._client = client
        self._line = line
        self._station_id = station_id
        self._factor = factor
        self._rng = rng

    async def work(self) -> None:
        """Serve visits one after the other, until cancelled."""
        while True:
            visit = await self._line.get()
            soc = None
            try:
                if not visit.done.done():  # else the rider has gone
                    soc = await self._serve(visit)
            except Exception:
                _log.exception("demo: a visit at %s went wrong; the next one follows", self._station_id)
                await asyncio.sleep(AFTER_FAULT_S)
            finally:
                visit.end(soc)

    async def _serve(self, visit: Visit) -> float | None:
        if visit.is_stuck:
            await self._cancel(visit.swap_id, "the rider came back without a swap")
            return None
        scanned = await self._scan(visit)
        if not scanned["ok"]:
            return None
        await asyncio.sleep(self._rng.uniform(*SERVICE_S) / self._factor)
        return await self._hand_over(visit, scanned["data"])

    async def _scan(self, visit: Visit) -> dict[str, Any]:
        """Read the code, and once more when it was too old."""
        scanned = await self._client.call("qr:verify", token=visit.token())
        if code(scanned) == "token_expired" and await visit.renew():
            scanned = await self._client.call("qr:verify", token=visit.token())
        return scanned

    async def _hand_over(self, visit: Visit, swap: dict[str, Any]) -> float | None:
        assigned = swap["assigned_battery"]
        if assigned is None:
            await self._cancel(swap["swap_id"], "no pack is assigned")
            return None
        done = await self._client.call(
            "swap:complete",
            swap_id=swap["swap_id"],
            old_battery_id=swap["old_battery_id"],
            new_battery_id=assigned["id"],
            old_battery_health=self._rng.choices(list(HEALTH), list(HEALTH.values()))[0],
            old_battery_soc=round(visit.soc, 1),
        )
        if not done["ok"]:
            await self._cancel(swap["swap_id"], code(done))
            return None
        return float(assigned["soc"])

    async def _cancel(self, swap_id: str, reason: str) -> None:
        """The way out of a jam; said, because it should be rare."""
        answer = await self._client.call("swap:cancel", swap_id=swap_id, reason=reason)
        _log.info("demo: a swap at %s was cancelled (%s): %s", self._station_id, reason, code(answer))


def code(answer: dict[str, Any]) -> str:
    """`ok`, or the error code of an answer."""
    return "ok" if answer["ok"] else str(answer["error"]["code"])
