"""One wheel turns for all connections: pings, ping timeouts and the wait for the first namespace."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.engine.connection import Connection

_LATE_TICKS = 8


class Wheel:
    """Each connection sits in the bucket of the moment it must be looked at next.

    A tick is an eightieth of the shortest wait, at most half a second. A pong moves nothing: the
    connection is found in its old bucket, seen to be well, and put into the next one.
    """

    def __init__(self, *, interval_s: float, timeout_s: float, connect_s: float) -> None:
        self.interval_s = interval_s
        self.timeout_s = timeout_s
        self.connect_s = connect_s
        self._tick_s = max(0.002, min(0.5, interval_s / 80, timeout_s / 80, connect_s / 80))
        self._buckets: dict[int, set[Connection]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._turned = 0

    def add(self, connection: Connection, *, must_join: bool) -> None:
        """Begin to watch a connection that has just opened."""
        now = time.monotonic()
        connection.ping_at = now + self.interval_s
        connection.awaiting_pong = False
        connection.join_by = now + self.connect_s if must_join else math.inf
        self._put(connection, min(connection.ping_at, connection.join_by))
        if self._timer is None:
            self._turned = self._index(now) - 1
            self._schedule(now)

    def wait_for_namespace(self, connection: Connection) -> None:
        """Its only client was refused: it may try again, for as long as a new one may take."""
        if not connection.closed:
            connection.join_by = time.monotonic() + self.connect_s
            self.remove(connection)
            self._put(connection, min(connection.join_by, connection.ping_at))

    def pong(self, connection: Connection) -> None:
        """The client lives: its next ping is an interval away."""
        if connection.awaiting_pong:
            connection.awaiting_pong = False
            connection.ping_at = time.monotonic() + self.interval_s

    def expired(self, connection: Connection) -> bool:
        """Whether it is past its ping timeout, exactly, whatever the wheel's tick.

        Timeouts count from the moment the ping was due (unless the loop was held up), so a request that
        comes just before the wheel turns gets the answer it would get just after.
        """
        return time.monotonic() >= connection.ping_at + self.timeout_s - 0.001

    def stop(self) -> None:
        """Forget everybody."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._buckets.clear()

    def _index(self, at: float) -> int:
        return math.ceil(at / self._tick_s)

    def _put(self, connection: Connection, at: float) -> None:
        connection.bucket = max(self._index(at), self._turned + 1)
        self._buckets.setdefault(connection.bucket, set()).add(connection)

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed; the wheel would hold it until its bucket is due."""
        bucket = self._buckets.get(connection.bucket)
        if bucket is not None:
            bucket.discard(connection)

    def _schedule(self, now: float) -> None:
        if not self._buckets:
            self._timer = None
            return
        wait_s = (self._turned + 1) * self._tick_s - now
        self._timer = asyncio.get_running_loop().call_later(max(0.0, wait_s), self._turn)

    def _turn(self) -> None:
        now = time.monotonic()
        last = math.floor(now / self._tick_s)
        late = last - self._turned > _LATE_TICKS
        while self._turned < last:
            self._turned += 1
            for connection in self._buckets.pop(self._turned, ()):
                self._visit(connection, now, late)
        self._schedule(now)

    def _visit(self, connection: Connection, now: float, late: bool) -> None:
        if connection.closed:
            return
        if now >= connection.join_by:
            connection.close("transport close", 1000, b"connect timeout")
        elif connection.awaiting_pong:
            self._check(connection, now, late)
        elif now >= connection.ping_at:
            if now - connection.ping_at > self.timeout_s / 4:  # our loop was held up: not the client's fault
                connection.ping_at = now
            connection.ping()
            self._put(connection, min(connection.ping_at + self.timeout_s, connection.join_by))
        else:
            self._put(connection, min(connection.ping_at, connection.join_by))

    def _check(self, connection: Connection, now: float, late: bool) -> None:
        """Close it if its time is over. But when the loop itself was held up, its pong may lie
        unread in a socket, or in one that is not accepted yet: then it gets an eighth more."""
        expires_at = connection.ping_at + self.timeout_s
        if now >= expires_at and late:
            self._put(connection, now + self.timeout_s / 8)
        elif now >= expires_at:
            connection.close("ping timeout", 1000, b"ping timeout")
        else:
            self._put(connection, min(expires_at, connection.join_by))
