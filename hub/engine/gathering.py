"""Telemetry waits a moment for company: what a room gets within one window leaves in one write per member.

Nearly all that a delivery costs is the write. Acks and state never wait, and are not held up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from hub.engine.stats import Stats

if TYPE_CHECKING:
    from hub.engine.outbox import Outbox
    from hub.engine.outgoing import Outgoing
    from hub.engine.topics import Room

_MOST_BYTES: Final = 256 * 1024  # that wait, of all rooms


class Gathering:
    """What waits, in order; of each conflation key of a room the newest, in the older one's place."""

    def __init__(self, outbox: Outbox, window_s: float, stats: Stats) -> None:
        self.window_s = window_s
        self._outbox = outbox
        self._stats = stats
        self._waiting: dict[object, tuple[Room, Outgoing]] = {}
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, room: Room, packet: Outgoing) -> None:
        """Send to a room within the window."""
        key: object = packet if packet.key is None else (room, packet.key)
        replaced = self._waiting.get(key)
        if replaced is not None:
            self._stats.conflated += 1
            self._size -= replaced[1].size
        self._waiting[key] = (room, packet)
        self._size += packet.size
        if self._size > _MOST_BYTES:
            self.release()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.window_s, self.release)

    def release(self) -> None:
        """Send everything that waits, to who is in its room now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting, self._size = self._waiting, {}, 0
        for room, packet in waiting.values():
            self._outbox.publish_now(room, packet)
