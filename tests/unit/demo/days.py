"""Days that pass in no time, and a hub of scripted answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from hub.demo import virtual

T = TypeVar("T")

LONGEST_S = 7 * 24 * 3600.0


def passes(life: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, in the loop's own time, and for a week at most."""
    return virtual.passes(_bounded(life))


async def _bounded(life: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(LONGEST_S):
        return await life


Answer = Callable[..., dict[str, Any]]


class FakeHub:
    """What one client sees of a hub: answers by event, events that the test sends, and all that was asked."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = {
            name.replace("__", "-").replace("_", ":", 1): answer for name, answer in answers.items()
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.told: list[dict[str, Any]] = []
        self._pinged = asyncio.Condition()
        self._heard: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {}

    def on(self, event: str, heard: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._heard[event] = heard

    async def call(self, event: str, **payload: Any) -> dict[str, Any]:
        self.asked.append((event, payload))
        await asyncio.sleep(0)
        return self.answers.get(event, lambda **_: ok())(**payload)

    async def tell(self, event: str, payload: dict[str, Any]) -> None:
        assert event == "gps:ping"
        async with self._pinged:
            self.told.append(payload | {"at": asyncio.get_running_loop().time()})
            self._pinged.notify_all()

    async def until(self, seen: Callable[[], bool]) -> None:
        """Until a ping after which this is so."""
        async with self._pinged:
            await self._pinged.wait_for(seen)

    async def send(self, event: str, **payload: Any) -> None:
        await self._heard[event](payload)

    def events(self) -> list[str]:
        """What was asked, in order, without the looks at `queue:mine`."""
        return [event for event, _ in self.asked if event != "queue:mine"]


def ok(data: Any = None) -> dict[str, Any]:
    return {"ok": True, "data": data}


def refused(code: str) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code}}


def placed(state: str = "confirmed", *, entry: str = "entry_1", position: int | None = 1) -> dict[str, Any]:
    """A rider's place as `queue:confirm` answers it, at MG Road."""
    return {
        "entry_id": entry,
        "swap_id": "swap_1",
        "station_id": "station_002",
        "state": state,
        "position": position,
        "pack": "assigned" if state in ("arrived", "active") else "promised",
        "qr_token": "token_1",
        "station": {"id": "station_002", "name": "MG Road", "location": {"lat": 12.9755, "lng": 77.6068}},
    }
