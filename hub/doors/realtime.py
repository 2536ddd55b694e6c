"""The Socket.IO door: connect, the rooms that come by themselves, and one handler for every event."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from socketio.exceptions import ConnectionRefusedError as Refused

from hub.auth import Authenticator
from hub.dispatch import Dispatcher, Request
from hub.doors.duty import DutyWatch
from hub.doors.expiry import Expiry
from hub.engine import FallbackServer
from hub.engine.errors import BusUnavailable
from hub.logs import logger
from hub.operations import Identity, Operation, Registry
from hub.outcome import Outcome, Refusal
from hub.payloads import ValuePayload
from hub.people_seen import Seen
from hub.rooms import HubRooms, automatic, user_room
from services.base import Clock, Ids, rfc3339
from services.errors import HubError, NotFound, Unauthenticated, Unavailable
from services.models import Role

EXPIRED_GRACE_S = 60.0  # from `auth:expired` to the end of the connection

_log = logger("hub.realtime")


@dataclass(slots=True)
class SocketSession:
    """Implements `hub.operations.Session`: one live socket."""

    sid: str
    identity: Identity
    door: RealtimeDoor
    rooms: set[str] = field(default_factory=set)

    async def join(self, room: str) -> None:
        if room not in self.rooms:
            try:
                await self.door.server.enter_room(self.sid, room)
            except BusUnavailable as error:
                raise Unavailable from error
            self.rooms.add(room)
            self.door.members[room] += 1
            self._look_again()

    def _look_again(self) -> None:
        """A duty or a job may have ended between the look at a right and the entering, unheard."""
        if self.identity.role in (Role.STAFF, Role.TRANSPORTER):
            self.door.duty.look_at(self.identity.user_id)

    async def leave(self, room: str) -> None:
        if room in self.rooms:
            self.forget(room)
            await self.door.server.leave_room(self.sid, room)

    def take_up(self, rooms: Iterable[str]) -> None:
        """Count the rooms that the engine has put a recovered socket into."""
        for room in rooms:
            self.rooms.add(room)
            self.door.members[room] += 1
        self._look_again()

    def forget(self, room: str) -> None:
        """Count the member off."""
        self.rooms.discard(room)
        self.door.members[room] -= 1
        if not self.door.members[room]:
            del self.door.members[room]

    async def renew(self, token: str) -> Identity:
        """Take a newer token; rooms that it does not open are left."""
        identity = self.door.authenticator.verify(token)
        if identity.user_id != self.identity.user_id:
            raise Unauthenticated
        self.identity = identity
        self.door.expiry.watch(self.sid, identity.expires_at)
        for room in automatic(identity):
            await self.join(room)
        await self.leave_closed()
        return identity

    async def leave_closed(self) -> list[str]:
        """Leave the rooms that are not open any more; answers which."""
        closed = [
            room for room in sorted(self.rooms) if not await self.door.rooms.may_hear(self.identity, room)
        ]
        for room in closed:
            await self.leave(room)
        return closed


class RealtimeDoor:
    """Turns events into operations and outcomes into acknowledgements."""

    def __init__(
        self,
        server: Any,
        registry: Registry,
        dispatcher: Dispatcher,
        *,
        authenticator: Authenticator,
        rooms: HubRooms,
        seen: Seen,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self.server = server
        self.authenticator = authenticator
        self.rooms = rooms
        self.members: Counter[str] = Counter()  # sockets of this process in each room
        self.expiry = Expiry(clock, self._expired, self._cut)
        self.duty = DutyWatch(self)
        self._registry = registry
        self._dispatcher = dispatcher
        self._seen = seen
        self._clock = clock
        self._ids = ids
        self._sockets: dict[str, SocketSession] = {}
        self._by_user: Counter[str] = Counter()
        self._greetings: set[asyncio.Task[None]] = set()
        self._register()

    def _register(self) -> None:
        """A handler for each operation: the engine has a shorter way for those than for its catch-all."""
        self.server.on("connect", self._connect)
        self.server.on("disconnect", self._disconnect)
        self.server.on("*", self._unknown)
        for operation in self._registry:
            self.server.on(operation.event, self._handler(operation))
        self.server.recovery_check = self._may_recover
        unavailable = _refused(Refusal.of(Unavailable()))
        self.server.unavailable = dict(unavailable.error_args)

    def _handler(self, operation: Operation) -> Callable[..., Awaitable[dict[str, Any]]]:
        async def handle(sid: str, *arguments: Any) -> dict[str, Any]:
            """What it returns is the acknowledgement's one argument."""
            session = self._sockets.get(sid)
            if session is None:
                return Outcome(refusal=Refusal.of(Unauthenticated())).ack()
            request = Request(session.identity, ValuePayload(*arguments), session)
            return (await self._dispatcher.run(operation, request)).ack()

        return handle

    async def _unknown(self, event: str, _sid: str, *_arguments: Any) -> dict[str, Any]:
        return Outcome(refusal=Refusal.of(NotFound(event=str(event)[:64]))).ack()

    @property
    def connections(self) -> int:
        return len(self._sockets)

    @property
    def users(self) -> int:
        """How many different people are connected."""
        return len(self._by_user)

    def sessions_of(self, user_id: str) -> list[SocketSession]:
        """The sockets of somebody at this node."""
        if user_id not in self._by_user:
            return []
        return [session for session in self._sockets.values() if session.identity.user_id == user_id]

    # -- coming and going

    async def _connect(self, sid: str, _environ: Any, auth: Any = None) -> None:
        try:
            identity = self.authenticator.verify(auth.get("token") if isinstance(auth, dict) else None)
            await self._seen.note(identity)
            await self._welcome(sid, identity)
        except HubError as error:
            await self._disconnect(sid)
            raise _refused(Refusal.of(error)) from None
        except Exception:
            await self._disconnect(sid)
            incident = self._ids()
            _log.exception("connecting failed", incident=incident)
            raise _refused(Refusal.internal(incident)) from None

    async def _welcome(self, sid: str, identity: Identity) -> None:
        session = self._sockets[sid] = SocketSession(sid, identity, self)
        self._by_user[identity.user_id] += 1
        if self.server.recovered(sid):
            session.take_up(room for room in self.server.rooms(sid) if room != sid)
        for room in automatic(identity):
            await session.join(room)
        self.expiry.watch(sid, identity.expires_at)
        await self._greet(sid)

    async def _may_recover(
        self, _environ: Any, auth: Any, rooms: frozenset[str], _user_session: Any
    ) -> set[str] | None:
        """The rooms that who comes back may hear with today's token; none for somebody else."""
        try:
            identity = self.authenticator.verify(auth.get("token"))
        except Unauthenticated:
            return None
        if user_room(identity.user_id) not in rooms:
            return None
        return {room for room in rooms if await self.rooms.may_hear(identity, room)}

    async def _greet(self, sid: str) -> None:
        """`hub:session` is the first event; with recovery the engine tells it by itself."""
        if isinstance(self.server, FallbackServer):  # it sends nothing before CONNECT, but does not wait
            task = asyncio.create_task(self._emit_session(sid))
            self._greetings.add(task)
            task.add_done_callback(self._greetings.discard)
        elif self.server.recovery is None:
            await self._emit_session(sid)

    async def _emit_session(self, sid: str) -> None:
        said = {"pid": sid, "recovered": False, "window_seconds": 0}
        await self.server.emit("hub:session", said, room=sid)

    async def _disconnect(self, sid: str, _reason: Any = None) -> None:
        session = self._sockets.pop(sid, None)
        if session is None:
            return
        self.expiry.forget(sid)
        for room in tuple(session.rooms):
            session.forget(room)
        self._by_user[session.identity.user_id] -= 1
        if not self._by_user[session.identity.user_id]:
            del self._by_user[session.identity.user_id]

    # -- tokens that end

    async def _expired(self, sid: str, expires_at: float) -> None:
        await self.tell(sid, "auth:expired", disconnect_in_seconds=EXPIRED_GRACE_S)
        self.expiry.cut(sid, max(expires_at, self._clock().timestamp()) + EXPIRED_GRACE_S)

    async def tell(self, sid: str, event: str, **said: Any) -> None:
        """An event that is about one socket alone."""
        stamp = {"id": self._ids(), "at": rfc3339(self._clock())}
        await self.server.emit(event, {**stamp, **said}, room=sid)

    async def _cut(self, sid: str) -> None:
        await self.server.disconnect(sid)


def _refused(refusal: Refusal) -> Refused:
    return Refused(refusal.code.value, refusal.as_dict())
