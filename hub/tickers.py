"""What admins see move: positions in batches, and the hub's own figures once a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from hub.metrics import Metrics
from hub.people_seen import Seen
from hub.rooms import ADMIN
from hub.snapshots import Stats
from services.base import rfc3339
from services.errors import Unavailable
from services.ports import LogRecord
from services.swap import completed_today
from services.world import World

POSITIONS_EVERY_S: Final = 0.25
STATS_EVERY_S: Final = 1.0
MOST_USERS: Final = 100_000  # whose newest fix is kept in mind
SHOWN: Final = (
    "user_id",
    "location",
    "accuracy_m",
    "speed_mps",
    "heading",
    "trust",
    "trust_reasons",
)


class Telemetry(Protocol):
    """What the tickers need of the engine: events that a slow client may miss."""

    async def emit(
        self,
        event: str,
        data: Any,
        *,
        room: Any,
        droppable: bool = False,
        conflate_key: object = None,
        conflate_each: tuple[str, str] | None = None,
        ignore_queue: bool = False,
    ) -> None: ...


Sums = Callable[[dict[str, float]], Awaitable[dict[str, float]]]
"""Takes the figures of this process; answers those of all nodes together."""


async def alone(figures: dict[str, float]) -> dict[str, float]:
    """The sums of a hub without others."""
    return figures


class Positions:
    """`gps:positions`: whoever has moved, each with the newest fix, four times a second."""

    def __init__(self, world: World, emitter: Telemetry, seen: Seen, watched: Callable[[], bool]) -> None:
        self._world = world
        self._emitter = emitter
        self._seen = seen
        self._watched = watched
        self._newest: dict[str, str] = {}  # when each user's newest fix was, as text
        self._moved: dict[str, dict[str, Any]] = {}

    def heard(self, record: LogRecord, payload: dict[str, Any]) -> None:
        """Listens to the log. A late fix moves nobody backwards."""
        if record.type != "gps.moved":
            return
        user_id, at = payload["user_id"], payload["fix_at"]
        if at <= self._newest.get(user_id, ""):
            return
        self._newest[user_id] = at
        if len(self._newest) > MOST_USERS:
            del self._newest[next(iter(self._newest))]
        if self._watched():
            role = self._seen.role(user_id)
            shown = {key: payload[key] for key in SHOWN}
            self._moved[user_id] = {**shown, "fix_at": at, "role": role}

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(POSITIONS_EVERY_S)
            if self._moved:
                await self._emit(list(self._moved.values()))

    async def _emit(self, positions: list[dict[str, Any]]) -> None:
        self._moved.clear()
        for position in positions:
            if position["role"] is None:  # whoever moved is connected to another node
                position["role"] = await self._seen.find_role(position["user_id"])
        said = {"id": self._world.ids(), "at": rfc3339(self._world.clock()), "positions": positions}
        await self._emitter.emit(
            "gps:positions", said, room=ADMIN, droppable=True, conflate_each=("positions", "user_id")
        )


class StatsTicker:
    """`stats:tick`, and the same figures for a terminal. Each node tells its own admins the sums of all."""

    def __init__(
        self,
        world: World,
        emitter: Telemetry,
        metrics: Metrics,
        *,
        connections: Callable[[], int],
        watched: Callable[[], bool],
        sums: Sums = alone,
    ) -> None:
        self._world = world
        self._emitter = emitter
        self._metrics = metrics
        self._sums = sums
        self._connections = connections
        self._watched = watched
        self._events_per_s = self._commands_per_s = 0.0
        self._others: dict[str, float] = {}  # what the other nodes count

    async def run(self) -> None:
        """For ever."""
        time = asyncio.get_running_loop().time
        then, events, commands = time(), self._metrics.events, self._metrics.commands
        while True:
            await asyncio.sleep(STATS_EVERY_S)
            now, seconds = time(), max(time() - then, 0.001)
            self._events_per_s = round((self._metrics.events - events) / seconds, 1)
            self._commands_per_s = round((self._metrics.commands - commands) / seconds, 1)
            then, events, commands = now, self._metrics.events, self._metrics.commands
            await self._hear_others()
            if self._watched():
                with contextlib.suppress(Unavailable):  # the next second has its own
                    await self._emit()

    def _mine(self) -> dict[str, float]:
        return {
            "connections": self._connections(),
            "events_per_s": self._events_per_s,
            "commands_per_s": self._commands_per_s,
        }

    async def _hear_others(self) -> None:
        """While they cannot be heard, their last word counts."""
        mine = self._mine()
        try:
            sums = await self._sums(mine)
        except ConnectionError:
            return
        self._others = {name: sums[name] - value for name, value in mine.items()}

    async def _emit(self) -> None:
        stats = await self.now()
        said = {"id": self._world.ids(), "at": rfc3339(self._world.clock()), **stats.model_dump(mode="json")}
        await self._emitter.emit(
            "stats:tick", said, room=ADMIN, droppable=True, conflate_key="stats:tick", ignore_queue=True
        )

    async def now(self) -> Stats:
        """The figures of this moment."""
        boards = await self._world.live.boards()
        figures = {name: value + self._others.get(name, 0) for name, value in self._mine().items()}
        return Stats(
            connections=int(figures["connections"]),
            events_per_s=round(figures["events_per_s"], 1),
            commands_per_s=round(figures["commands_per_s"], 1),
            open_entries=sum(len(board.entries) for board in boards),
            swaps_today=await completed_today(self._world),
        )
