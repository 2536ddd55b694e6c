"""Connection state recovery: what was emitted lately, who was away, and what they missed.

Every non-droppable event has a position in one stream of this node; its offset is the stream's
epoch and that position. A session remembers from which position on a client was in which room, so
what it missed is exact: nothing from before it joined, and what was emitted before it left. When a
part of it is forgotten already, the answer is "not recovered", never a part.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from hub.engine.client import Client
from hub.engine.outgoing import Outgoing
from hub.engine.session import Return, Session, TakeOver

_ENTRY_OVERHEAD_BYTES: Final = 500  # the objects around an event's bytes
_MAX_FORGOTTEN: Final = 100_000  # targets of which something was forgotten
Key = tuple[str, Any]
"""A namespace, and a room, a sid, or None for everybody."""


class Entry:
    """One event of the stream."""

    __slots__ = ("at", "keys", "packet", "position", "size", "skip")

    def __init__(
        self, position: int, packet: Outgoing, keys: tuple[Key, ...], skip: tuple[Any, ...], at: float
    ) -> None:
        self.position = position
        self.packet = packet
        self.keys = keys
        self.skip = skip
        self.at = at
        self.size = packet.size + _ENTRY_OVERHEAD_BYTES


class Recovery:
    """Sessions and the stream, in memory, bounded by count and by bytes."""

    def __init__(
        self, *, window_s: float, max_sessions: int, max_events: int, max_bytes: int, keep_s: float
    ) -> None:
        self.window_s = window_s
        self._max_sessions = max_sessions
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._keep_s = keep_s  # an event may be missed by who was last heard of a window ago
        self._epoch = secrets.token_urlsafe(6).replace("-", "_")
        self.position = 0
        self.size = 0  # bytes the stream takes
        self._stream: deque[Entry] = deque()
        self._by_key: dict[Key, deque[Entry]] = {}
        self._forgotten: dict[Key, int] = {}  # target -> position of its newest forgotten event
        self._floor = 0  # the same for targets that are forgotten themselves
        self._sessions: dict[str, Session] = {}
        self._away: dict[str, Session] = {}  # in the order in which they left
        self.on_expired: Callable[[Session], object] = _nobody_asks

    # -- the stream

    def next_offset(self, droppable: bool, args: list[Any]) -> str | None:
        """The offset of the event that is about to be sent.

        A droppable event has none. But clients take a string at the end of any event for its offset,
        so one that ends with a string gets the offset of what came before it.
        """
        if not droppable:
            self.position += 1
        elif type(args[-1]) is not str or len(args) == 1:
            return None
        return f"{self._epoch}-{self.position}"

    def remember(
        self, packet: Outgoing, namespace: str, targets: tuple[Any, ...], skip: tuple[Any, ...]
    ) -> None:
        """Append an event to the stream; the oldest give way."""
        keys = tuple((namespace, target) for target in dict.fromkeys(targets))
        entry = Entry(self.position, packet, keys, skip, time.monotonic())
        self._stream.append(entry)
        self.size += entry.size
        for key in keys:
            log = self._by_key.get(key)
            if log is None:
                log = self._by_key[key] = deque()
            log.append(entry)
        while len(self._stream) > self._max_events or self.size > self._max_bytes:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        entry = self._stream.popleft()
        self.size -= entry.size
        for key in entry.keys:
            log = self._by_key.get(key)
            if log is None or log[0] is not entry:
                continue  # it was for a client that cannot come back any more
            log.popleft()
            if not log:
                del self._by_key[key]
            self._forgotten.pop(key, None)  # the newest go to the end
            self._forgotten[key] = entry.position
        while len(self._forgotten) > _MAX_FORGOTTEN:
            self._floor = max(self._floor, self._forgotten.pop(next(iter(self._forgotten))))

    def missed(self, back: Return) -> list[Outgoing] | None:
        """All a client has missed, in order; None when that is not known in full.

        No offset: it has received no event yet, so everything since its CONNECT counts.
        """
        session, since = back.session, back.since(self._epoch, self.position)
        if since is None:
            return None
        found: dict[int, Outgoing] = {}
        for target, begin, end in session.spans(back.allowed):
            key, begin = (session.namespace, target), max(begin, since)
            if min(self._forgotten.get(key, self._floor), end) > begin:
                return None
            for entry in reversed(self._by_key.get(key, ())):
                if entry.position <= begin:
                    break
                if entry.position <= end and session.sid not in entry.skip:
                    found[entry.position] = entry.packet
        return [found[position] for position in sorted(found)]

    # -- sessions

    def begin(self, client: Client) -> Session:
        """A session for a client that is about to be asked in."""
        return Session(client, self.position)

    async def store(self, session: Session) -> None:
        """The client is in: from now on its session may be taken over."""
        self._away.pop(session.pid, None)
        self._sessions[session.pid] = session

    async def find(self, pid: Any) -> Session | None:
        """The session of a pid, unless its time is over."""
        return self._find(pid)

    def _find(self, pid: Any) -> Session | None:
        session = self._sessions.get(pid) if type(pid) is str else None
        if session is None or (session.client is None and time.monotonic() > session.expires_at):
            return None
        return session

    async def claim(self, session: Session, take_over: TakeOver) -> bool:
        """Make a session the caller's; `take_over` ends the sockets that still have it."""
        return await take_over(session) and self._find(session.pid) is session

    async def replay(self, back: Return, enter: Callable[[], Client]) -> list[Outgoing] | None:
        """What a client has missed, in order; None when it cannot be had in full.

        `enter` puts it into its rooms; from then on events are held for it.
        """
        # No await from here to the end: an event between reading the stream and joining would be lost.
        missed = self.missed(back)
        if missed is None or sum(packet.size for packet in missed) > back.most_bytes:
            return None
        enter()
        return missed

    def entered(self, session: Session, room: Any) -> None:
        """The client has joined a room: events from here on are meant for it."""
        session.enter(room, self.position)

    def left(self, session: Session, room: Any) -> None:
        """The client has left a room."""
        session.leave(room, self.position)

    async def settled(self, session: Session) -> None:
        """Until what was said of a session is kept: here it is at once."""

    def away(self, session: Session, seen_at: float, user_session: Any) -> None:
        """The connection is lost: the window runs from the last sign of life."""
        session.client = None
        session.user_session = user_session
        session.expires_at = seen_at + self.window_s
        if session.pid in self._sessions:
            self._away.pop(session.pid, None)
            self._away[session.pid] = session
        while len(self._away) > self._max_sessions:
            self._expire(next(iter(self._away.values())))

    def forget(self, session: Session) -> None:
        """The client left for good, or its time is over."""
        self._sessions.pop(session.pid, None)
        self._away.pop(session.pid, None)
        private = (session.namespace, session.sid)
        self._forgotten.pop(private, None)
        self._by_key.pop(private, None)

    def prune(self) -> int:
        """Forget what is too old; answers how many sessions went."""
        now = time.monotonic()
        while self._stream and self._stream[0].at < now - self._keep_s:
            self._forget_oldest()
        expired = [session for session in self._away.values() if session.expires_at < now]
        for session in expired:
            self._expire(session)
        return len(expired)

    def _expire(self, session: Session) -> None:
        """Nobody has come back for it in time, or others need its place."""
        self.forget(session)
        self.on_expired(session)


def _nobody_asks(_session: Session) -> None:
    """Until somebody wants to know of sessions that have expired."""
