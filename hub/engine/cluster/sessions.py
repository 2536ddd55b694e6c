"""Connection state recovery that outlives its node: sessions and streams are in the bus's Redis."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson

from hub.engine.client import Client, Held
from hub.engine.cluster.bus import Bus
from hub.engine.cluster.message import unpack
from hub.engine.cluster.record import dump, fill, session_of
from hub.engine.cluster.scripts import CLAIM, FIND, FORGET, KEEP, STORE
from hub.engine.codec import Codec
from hub.engine.errors import BusUnavailable
from hub.engine.outgoing import Outgoing
from hub.engine.session import Return, Session, TakeOver

_GOODBYE_S: Final = 5.0  # how long the disconnect handler on another node may take
_ASK_AGAIN_S: Final = 0.25  # whether that node is still there
_CHUNK: Final = 500  # sessions of one call
_logger = logging.getLogger("hub.engine")


class SharedRecovery:
    """As `hub.engine.recovery.Recovery`, for clients that may come back to any node.

    A session is written before its client has its CONNECT, at each change of rooms, and kept alive
    while the client is; so it is there when its node is not. Whoever claims it has it: writes of
    the node that had it before are refused.
    """

    def __init__(
        self,
        bus: Bus,
        codec: Callable[[], Codec],
        gone: Callable[[Client], Awaitable[None]],
        *,
        window_s: float,
        alive_s: float,
    ) -> None:
        """`gone`: until a client's handlers are done; `alive_s`: how long a silent one is connected."""
        self.window_s = window_s
        self.on_expired: Callable[[Session], object] = lambda session: None
        self._bus = bus
        self._codec = codec
        self._gone = gone
        self._alive_s = alive_s
        self._local: dict[str, Session] = {}
        self._writing: dict[str, asyncio.Future[Any]] = {}
        self._goodbyes: dict[str, asyncio.Future[None]] = {}
        self._kept_at = time.monotonic()
        self._keeping: asyncio.Task[None] | None = None

    # -- a session's life

    def begin(self, client: Client) -> Session:
        """A session for a client that is about to be asked in."""
        session = Session(client, self._bus.seen)
        session.claim = secrets.token_urlsafe(6)
        return session

    async def store(self, session: Session) -> None:
        """The client is in: from now on its session may be taken over, on every node."""
        if self._local.setdefault(session.pid, session) is not session:
            self._lost(session)
            return
        self._write(session, self._lifetime_s)
        await self.settled(session)

    def entered(self, session: Session, room: Any) -> None:
        """The client has joined a room."""
        session.enter(room, self._bus.position(self._bus.channel(session.namespace, room)))
        self._write(session, self._lifetime_s)

    def left(self, session: Session, room: Any) -> None:
        """The client has left a room."""
        session.leave(room, self._bus.seen)
        self._write(session, self._lifetime_s)

    async def settled(self, session: Session) -> None:
        """Until what was said of a session is kept, or it is clear that it cannot be kept now."""
        if (writing := self._writing.get(session.pid)) is not None:
            await asyncio.wait([writing])

    def away(self, session: Session, seen_at: float, user_session: Any) -> None:
        """The connection is lost: the window runs from the last sign of life."""
        session.client, session.user_session = None, user_session
        session.expires_at = seen_at + self.window_s
        self._write(session, seen_at + self.window_s - time.monotonic())
        self._drop(session)

    def forget(self, session: Session) -> None:
        """The client left for good."""
        self._drop(session)
        self._bus.call(FORGET, [self._key(session.pid)], [session.claim])

    @property
    def _lifetime_s(self) -> float:
        """A node that dies says nothing: what it had lives on as if its clients had just been heard."""
        return self.window_s + self._alive_s

    def _key(self, pid: str) -> str:
        return self._bus.key("session", pid)

    def _drop(self, session: Session) -> None:
        if self._local.get(session.pid) is session:
            del self._local[session.pid]

    def _write(self, session: Session, lifetime_s: float) -> None:
        if self._local.get(session.pid) is not session:
            return
        lifetime_ms = max(1, int(lifetime_s * 1000))
        arguments = (session.claim, self._bus.node, lifetime_ms, dump(session, self._bus.epoch))
        writing = self._bus.call(STORE, [self._key(session.pid)], arguments)
        self._writing[session.pid] = writing
        writing.add_done_callback(lambda done: self._written(session, done))

    def _written(self, session: Session, writing: asyncio.Future[Any]) -> None:
        if self._writing.get(session.pid) is writing:
            del self._writing[session.pid]
        if writing.cancelled() or writing.exception() is not None:
            return  # kept at the next sweep
        if writing.result() == 0:
            self._lost(session)

    # -- coming back

    async def find(self, pid: Any) -> Session | None:
        """The session of a pid, wherever its client was."""
        if type(pid) is not str or not 0 < len(pid) <= 64:
            return None
        try:
            claim, raw, epoch = await self._bus.call(FIND, [self._key(pid), self._bus.name], [])
        except BusUnavailable:
            return None
        if raw is None or epoch is None:
            return None
        self._bus.in_epoch(epoch.decode())
        kept = orjson.loads(raw)
        return None if kept["epoch"] != self._bus.epoch else session_of(pid, claim.decode(), kept)

    async def claim(self, session: Session, take_over: TakeOver) -> bool:
        """Make a session this node's; the node that had it ends its socket first."""
        local = self._local.get(session.pid)
        if local is not None and not await take_over(local):
            return False
        session.claim = secrets.token_urlsafe(6)
        goodbye = self._goodbyes[session.claim] = asyncio.get_running_loop().create_future()
        lifetime_ms, nodes = int(self._lifetime_s * 1000), self._bus.channel_of_node("")
        arguments = (session.pid, session.claim, self._bus.node, lifetime_ms, nodes)
        try:
            heard, *kept = await self._bus.call(CLAIM, [self._key(session.pid)], arguments)
            if heard > 0:
                async with asyncio.timeout(_GOODBYE_S):
                    await self._goodbye(goodbye, kept[0].decode())
        except (BusUnavailable, TimeoutError):
            return False
        finally:
            del self._goodbyes[session.claim]
        return bool(kept) and self._has(session, orjson.loads(kept[1]))

    async def _goodbye(self, goodbye: asyncio.Future[None], node: str) -> None:
        """Until the node that had a session has ended its socket, or is no more itself.

        Clients may hear of the death of their node before Redis does.
        """
        while not goodbye.done():
            await asyncio.wait((goodbye,), timeout=_ASK_AGAIN_S)
            if not goodbye.done() and not await self._bus.tell(self._bus.channel_of_node(node), {}):
                return

    def _has(self, session: Session, kept: dict[str, Any]) -> bool:
        """It may have changed hands, and rooms, since it was found."""
        if kept["epoch"] != self._bus.epoch:
            return False
        fill(session, kept)
        self._local[session.pid] = session
        return True

    async def told(self, told: dict[str, Any]) -> None:
        """What other nodes say of sessions."""
        if (goodbye := self._goodbyes.get(told.get("goodbye", ""))) is not None and not goodbye.done():
            goodbye.set_result(None)
        if "claimed" in told:
            session = self._local.get(told["claimed"])
            if session is not None and session.claim == told["was"]:
                await self._end(session)
            self._bus.tell(self._bus.channel_of_node(told["node"]), {"goodbye": told["by"]})

    async def _end(self, session: Session) -> None:
        self._drop(session)
        if (client := session.client) is not None:
            client.connection.close("transport close", 1000, b"taken over")
            await self._gone(client)

    def _lost(self, session: Session) -> None:
        """Somebody else has claimed it while this node could not hear."""
        self._drop(session)
        if session.client is not None:
            session.client.connection.close("transport close", 1000, b"taken over")

    async def replay(self, back: Return, enter: Callable[[], Client]) -> list[Outgoing] | None:
        """What a client has missed, in order; None when it cannot be had in full.

        The client enters its rooms first: what is emitted while the streams are read is held for it,
        and what is both held and read counts once.
        """
        found = await self._replay(back, enter)
        if found is None:  # nothing was given back, so it may be tried again, by who knows better
            self.away(back.session, time.monotonic(), back.session.user_session)
        return found

    async def _replay(self, back: Return, enter: Callable[[], Client]) -> list[Outgoing] | None:
        session, since = back.session, back.since(self._bus.epoch, sys.maxsize)
        if since is None:
            return None
        space = session.namespace
        spans = [
            (self._bus.stream(space, target), max(begin, since), -1 if end == float("inf") else int(end))
            for target, begin, end in session.spans(back.allowed)
        ]
        here = [session.sid, *(room for room in session.rooms if room is None or room in back.allowed)]
        try:
            await self._bus.listen(self._bus.channel(space, target) for target in here)
            client = enter()
            found = await self._bus.read(spans, back.most_bytes)
        except BusUnavailable:
            return None
        if found is None or back.since(self._bus.epoch, found[0]) is None:
            return None  # forgotten, too much, not emitted yet, or of an epoch that ended meanwhile
        newest, events = found
        held = [packet for packet in client.held or () if not 0 < packet.position <= newest]
        client.held = Held()
        messages = [unpack(raw, offset, self._codec()) for offset, _, raw in events]
        return [*(m.packet for m in messages if session.sid not in m.skip), *held]

    # -- staying alive

    def prune(self) -> None:
        """Each second: now and then, say which clients are alive."""
        now = time.monotonic()
        if now - self._kept_at > self._lifetime_s / 8 and (self._keeping is None or self._keeping.done()):
            self._kept_at = now
            self._keeping = asyncio.get_running_loop().create_task(self.keep())

    async def keep(self) -> None:
        """Say of every client here that it is alive; write again what the store has lost."""
        sessions = list(self._local.values())
        for start in range(0, len(sessions), _CHUNK):
            chunk = sessions[start : start + _CHUNK]
            keys = [self._key(session.pid) for session in chunk]
            arguments = [str(int(self._lifetime_s * 1000)), *(session.claim for session in chunk)]
            try:
                answers = await self._bus.call(KEEP, keys, arguments)
            except BusUnavailable:
                return
            for session, answer in zip(chunk, answers, strict=True):
                if answer == 0:
                    self._lost(session)
                elif answer < 0:
                    self._write(session, self._lifetime_s)

    def new_epoch(self) -> None:
        """The store has begun anew: every client here has been in its rooms since its beginning."""
        for session in self._local.values():
            session.started, session.lost, session.left = 0, 0, ()
            session.rooms = dict.fromkeys(session.rooms, 0)
            self._write(session, self._lifetime_s)
