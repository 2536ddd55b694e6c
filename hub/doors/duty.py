"""Sockets of staff follow their duty: out of a station's room when it ends, into one when it begins.

Every node hears the facts of the people whose sockets it has; what they may hear it reads anew from the
records, so that an old fact told twice does no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from hub.logs import logger
from hub.rooms import Name
from services.job_events import JobReleased
from services.ports import LogRecord
from services.staff_facts import ShiftEnded, ShiftStarted

if TYPE_CHECKING:
    from hub.doors.realtime import RealtimeDoor, SocketSession

BEGINS: Final = ShiftStarted.name
ENDS: Final = ShiftEnded.name
GIVEN_BACK: Final = JobReleased.name  # its room is closed to the transporter who had it
CHANGED: Final = "room:changed"

_log = logger("hub.duty")


class DutyWatch:
    """Looks at the rooms of people whose duty has changed. What waits are users with sockets here."""

    def __init__(self, door: RealtimeDoor) -> None:
        self._door = door
        self._waiting: dict[str, bool] = {}  # by user: does a duty begin?
        self._news = asyncio.Event()

    def listen_to_fanout(self, record: LogRecord, payload: dict[str, Any]) -> None:
        """A fact of this process's fan-out, where there is no other node."""
        if record.name in (BEGINS, ENDS):
            self.look_at(payload["staff_id"], begins=record.name == BEGINS)
        elif record.name == GIVEN_BACK:
            self.look_at(payload["released_by"])

    def hear(self, targets: Iterable[str | None], *, begins: bool) -> None:
        """A fact that went to these rooms, where there are several nodes."""
        for name in (Name.of(target) for target in targets if target is not None):
            if name.kind == "user":
                self.look_at(name.id, begins=begins)

    def look_at(self, user_id: str, *, begins: bool = False) -> None:
        """Their sockets leave what is closed to them; if a duty begins they enter its room."""
        if self._door.sessions_of(user_id):
            self._waiting[user_id] = begins or self._waiting.get(user_id, False)
            self._news.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                user_id, begins = self._waiting.popitem()
                for session in self._door.sessions_of(user_id):
                    await self._follow(session, begins=begins)

    async def _follow(self, session: SocketSession, *, begins: bool) -> None:
        """A socket whose rights cannot be looked up is sent away: it comes back and is asked again."""
        try:
            entered = await self._enter(session) if begins else []
            left = await session.leave_closed()
            if entered or left:
                await self._door.tell(session.sid, CHANGED, joined=entered, left=left)
        except Exception:
            _log.warning("rooms of a socket could not follow its duty", exc_info=True)
            await self._door.server.disconnect(session.sid)

    async def _enter(self, session: SocketSession) -> list[str]:
        room = await self._door.rooms.of_duty(session.identity)
        if room is None or room in session.rooms:
            return []
        await session.join(room)
        return [room]
