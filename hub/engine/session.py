"""What is kept of a client so that it may come back: who it was, and from when on in which rooms."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Any, Final, NamedTuple

from hub.engine.client import Client

_MOST_DIGITS: Final = 15  # what a double holds exactly
_MAX_LEFT: Final = 32  # rooms left lately that a session keeps in mind


class Session:
    """What is kept of a client: from its CONNECT on, until the window after its last sign of life."""

    __slots__ = (
        "claim",
        "client",
        "expires_at",
        "left",
        "lost",
        "namespace",
        "pid",
        "rooms",
        "sid",
        "started",
        "user_session",
    )

    def __init__(self, client: Client, position: int) -> None:
        self.pid = secrets.token_urlsafe(15)
        self.sid = client.sid
        self.namespace = client.namespace
        self.started = position
        self.client: Client | None = client
        self.rooms: dict[Any, int] = {}  # room -> the position at which it was joined
        self.left: tuple[tuple[Any, int, int], ...] = ()  # room, joined, left
        self.lost = 0  # who has not received everything up to here cannot be recovered
        self.claim = ""  # whose it is, where nodes share sessions
        self.expires_at = 0.0
        self.user_session: Any = None

    @property
    def kept_of_user(self) -> Any:
        """What the application keeps of the client: now, or when it was lost."""
        return self.user_session if self.client is None else self.client.user_session

    def enter(self, room: Any, position: int) -> None:
        """Events from here on are meant for the client."""
        self.rooms[room] = position

    def leave(self, room: Any, position: int) -> None:
        """What was emitted to the room before may still be on its way to the client."""
        joined = self.rooms.pop(room, None)
        if joined is None:
            return
        self.left = (*self.left, (room, joined, position))
        if len(self.left) > _MAX_LEFT:
            (_, _, self.lost), *kept = self.left
            self.left = tuple(kept)

    def spans(self, allowed: Collection[Any] | None = None) -> Iterator[tuple[Any, int, float]]:
        """(target, from, to): the stretches of the stream that were meant for this client."""
        yield self.sid, self.started, float("inf")
        for room, joined in self.rooms.items():
            if allowed is None or room is None or room in allowed:
                yield room, joined, float("inf")
        for room, joined, left in self.left:
            if allowed is None or room in allowed:
                yield room, joined, left


class Return(NamedTuple):
    """A client that comes back: with whose session, what it has, where it may be, and how much it may get."""

    session: Session
    offset: Any  # of the newest event it has received, as it says; None: it has received none
    allowed: Collection[Any]
    most_bytes: int

    def since(self, epoch: str, newest: int) -> int | None:
        """The number of that event; None for what is no offset of this epoch, or not to be recovered."""
        since = self.session.started if self.offset is None else _number(self.offset, epoch)
        return since if since is not None and self.session.lost <= since <= newest else None


def _number(offset: Any, epoch: str) -> int | None:
    given, _, digits = offset.rpartition("-") if type(offset) is str else ("", "", "")
    if given != epoch or not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS:
        return None
    return int(digits)


TakeOver = Callable[[Session], Awaitable[bool]]
"""Ends the sockets of this process that have a session; false when their handlers will not end."""
