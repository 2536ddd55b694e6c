"""`job:moved`: where the vans of the jobs underway are, once a second and only for who has moved."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from hub.people_seen import Seen
from hub.rooms import ADMIN
from hub.tickers import Telemetry
from services.base import Location, rfc3339
from services.errors import Unavailable
from services.job_events import job_room
from services.job_models import Job
from services.job_reads import van_position
from services.models import Role
from services.ports import LogRecord
from services.states import UNDERWAY
from services.world import World

MOVES_EVERY_S: Final = 1.0
MOST_VANS: Final = 10_000  # that may move in one second; who is left out has the next


class JobMoves:
    """Listens to the log for fixes, and tells the jobs of those who carry them."""

    def __init__(
        self, world: World, emitter: Telemetry, seen: Seen, *, watched: Callable[[str], bool]
    ) -> None:
        """`watched`: is anybody in a room?"""
        self._world = world
        self._emitter = emitter
        self._seen = seen
        self._watched = watched
        self._moved: dict[str, dict[str, Any]] = {}  # each user's newest fix since the last round

    def heard(self, record: LogRecord, payload: dict[str, Any]) -> None:
        """Listens to the log. A late fix moves nobody backwards."""
        if record.type != "gps.moved":
            return
        user_id = payload["user_id"]
        if self._seen.role(user_id) not in (Role.TRANSPORTER, None):  # none: connected to another node
            return
        before = self._moved.get(user_id)
        if before is None and len(self._moved) >= MOST_VANS:
            return
        if before is None or payload["fix_at"] > before["fix_at"]:
            self._moved[user_id] = payload

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(MOVES_EVERY_S)
            moved, self._moved = self._moved, {}
            with contextlib.suppress(Unavailable):  # the next second has its own
                await self._tell(moved)

    async def _tell(self, moved: dict[str, dict[str, Any]]) -> None:
        carriers = [user_id for user_id in moved if await self._seen.find_role(user_id) is Role.TRANSPORTER]
        if not carriers:
            return
        jobs = self._world.records.now.transport_jobs
        for job in await jobs.find({"assignee_id": tuple(carriers), "state": UNDERWAY}):
            rooms = [room for room in (job_room(job.id), ADMIN) if self._watched(room)]
            if rooms:
                await self._emit(job, moved[job.assignee_id or ""], rooms)

    async def _emit(self, job: Job, fix: dict[str, Any], rooms: list[str]) -> None:
        newest = await self._world.live.position(job.assignee_id or "")
        if newest is not None and rfc3339(newest.at) > fix["fix_at"]:
            return  # a late fix: the map has a later one
        here, at = Location(**fix["location"]), datetime.fromisoformat(fix["fix_at"])
        said = {
            "id": self._world.ids(),
            "at": rfc3339(self._world.clock()),
            "version": job.version,
            "job_id": job.id,
            "assignee_id": job.assignee_id,
            "van": van_position(job, here, at, fix["trust"]).model_dump(mode="json"),
        }
        await self._emitter.emit("job:moved", said, room=rooms, droppable=True, conflate_key=job.id)
