"""Calls to the server: outside of a transaction, or all in one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

from pymongo import ReadPreference
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from hub.stores.mongo_errors import domain_errors
from services.errors import Unavailable

T = TypeVar("T")

MOST_WAITING: Final = 10_000  # transactions that wait for their turn; more are refused
TURN_S: Final = 8.0  # longest wait for a turn
MAJORITY: Final = WriteConcern(w="majority")
SNAPSHOT: Final = ReadConcern("snapshot")

Call = Callable[[Any], Awaitable[T]]
"""Makes a driver's call with a session, or with none."""


class Calls(Protocol):
    """Runs calls. Raises WriteConflict, DuplicateKey, Unavailable."""

    async def run(self, call: Call[T]) -> T: ...


class Outside:
    """Each call by itself: it sees what a majority has, so what was acknowledged."""

    async def run(self, call: Call[T]) -> T:
        with domain_errors():
            return await call(None)


class Sessions:
    """The driver's sessions, used again: to begin and to end one is a trip to a thread each.

    Only so many transactions run at once: more would wait for the driver's threads and for each other,
    and lose more races. The others wait here, first come, first served, with nothing begun.
    """

    def __init__(self, client: Any, *, most: int, note: Callable[[Any], Awaitable[None]]) -> None:
        """`note` hears the id of each session before it is used."""
        self._client = client
        self._note = note
        self._idle: list[Any] = []
        self._slots = asyncio.Semaphore(most)
        self._waiting = 0
        self._aborting: set[asyncio.Task[None]] = set()
        self.closed = False

    async def enter(self) -> None:
        """Wait for the turn. Raises Unavailable when too many wait, or for too long."""
        if self.closed or self._waiting >= MOST_WAITING:
            raise Unavailable(store="records", waiting=self._waiting)
        self._waiting += 1
        try:
            async with asyncio.timeout(TURN_S):
                await self._slots.acquire()
        except TimeoutError:
            raise Unavailable(store="records") from None
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """End the turn."""
        self._slots.release()

    async def take(self) -> Any:
        """A session with its transaction begun; the server hears of it with the first call."""
        with domain_errors():
            session = self._idle.pop() if self._idle else await self._new()
        session.start_transaction(SNAPSHOT, MAJORITY, ReadPreference.PRIMARY)
        return session

    async def _new(self) -> Any:
        session = await unbroken(self._client.start_session())
        try:
            await self._note(session.session_id)
        except BaseException:
            self._own(self._end(session))
            raise
        return session

    def give_back(self, session: Any) -> None:
        """After the end of its transaction, and of the turn."""
        self.leave()
        if self.closed:
            self._own(self._end(session))
        else:
            self._idle.append(session)

    def abort(self, session: Any) -> None:
        """Undo the transaction, without anybody waiting: the server undoes it alone if it must."""
        self._own(self._abort(session))

    def _own(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._aborting.add(task)
        task.add_done_callback(self._aborting.discard)

    async def _abort(self, session: Any) -> None:
        with suppress(PyMongoError):
            await session.abort_transaction()
        self.give_back(session)

    async def _end(self, session: Any) -> None:
        with suppress(PyMongoError):
            await session.end_session()

    async def close(self) -> None:
        """Wait for what is being undone, and end every session."""
        self.closed = True
        while self._aborting:
            await asyncio.wait(self._aborting)
        await asyncio.gather(*(self._end(session) for session in self._idle))
        self._idle.clear()


class InTransaction:
    """Every call in one transaction of the server, begun by the first: it sees the records as of then."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._session: Any = None
        self._has_turn = False
        self.has_run = False  # some call has been made

    @property
    def has_begun(self) -> bool:
        """Does the server know of the transaction?"""
        return self._session is not None

    async def take_turn(self) -> None:
        """Raises Unavailable."""
        if not self._has_turn:
            await self._sessions.enter()
            self._has_turn = True

    async def run(self, call: Call[T]) -> T:
        await self.take_turn()
        if self._session is None:
            self._session = await self._sessions.take()
        self.has_run = True
        with domain_errors():
            return await unbroken(asyncio.ensure_future(call(self._session)))

    def abort(self) -> None:
        """Undo everything, if there is anything, and end the turn."""
        if self._session is not None:
            self._sessions.abort(self._session)
        elif self._has_turn:
            self._sessions.leave()
        self._session, self._has_turn = None, False

    async def commit(self) -> None:
        """Raises the driver's own error; it may be called again when that says the result is unknown."""
        await self._session.commit_transaction()

    def done(self) -> None:
        """After a commit."""
        self._sessions.give_back(self._session)
        self._session, self._has_turn = None, False


async def unbroken(call: asyncio.Future[T]) -> T:
    """Wait for a driver's call to its end, even when cancelled: its session is in use until then."""
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        while not call.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((call,))
        if not call.cancelled():
            call.exception()  # nobody else will look at it
        raise
