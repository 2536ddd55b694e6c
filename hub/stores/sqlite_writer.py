"""The one writer of a SQLite file, with group commit.

Statements run on the loop's thread: they take microseconds. COMMIT waits for the disk, so it runs in
a worker thread; transactions that arrive meanwhile wait for their turn, then run one after the other
as savepoints of the next batch, and share its COMMIT. Whoever ends a turn with nobody behind commits
the batch. A transaction is acknowledged when that COMMIT has returned.
"""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from hub.stores.sqlite_session import WriteSession
from hub.stores.turns import Turns
from services.errors import Unavailable

_log: Any = structlog.get_logger("hub.stores")

LARGEST_BATCH: Final = 256  # transactions per COMMIT
LONGEST_BATCH_S: Final = 0.02  # a batch takes no more members after this
MOST_WAITING: Final = 10_000  # transactions that wait for their turn; more are refused
TURN_S: Final = 20.0  # longest wait for a turn
COMMIT_S: Final = 20.0  # longest wait for the disk
BUSY_S: Final = 5.0  # longest wait for another process that writes to the file
BUSY_PAUSE_S: Final = 0.005


@dataclass(slots=True)
class Member:
    """One transaction of a batch. Neither callback may raise."""

    session: WriteSession
    committed: Callable[[], Awaitable[None]] | None = None  # when durable, before it is acknowledged
    published: Callable[[], None] | None = None  # after that, in the order of the commits


@dataclass(slots=True)
class _Batch:
    """Transactions that share a COMMIT, and what has become of it."""

    began_at: float
    durable: asyncio.Future[bool]
    members: list[Member] = field(default_factory=list)


class SqliteWriter:
    """Gives turns on the writing connection and commits in batches."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.commits = 0  # batches committed so far
        self._turns = Turns(most_waiting=MOST_WAITING, longest_wait_s=TURN_S, unused=self._end_turn)
        self._batch: _Batch | None = None
        self._settling: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")
        self._closed = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Member]:
        """One transaction: the block runs in its turn; left when it is durable and its steps have run.

        Raises Unavailable when the store fails; then nothing of it was written. An error of the block
        waits, too, for what was written before it in the batch: it may rest on that.
        """
        await self._turns.take()
        try:
            batch = await self._begin()
        except BaseException:
            self._end_turn()
            raise
        member = Member(WriteSession(self.connection))
        try:
            yield member
            member.session.run("RELEASE member")
            batch.members.append(member)
        except BaseException as error:
            self._undo(member, batch)
            self._leave(member)
            if batch.members and isinstance(error, Exception):
                await self._outcome(batch)
            raise
        self._leave(member)
        await self._outcome(batch)

    async def _begin(self) -> _Batch:
        if self._closed:
            raise Unavailable(store="records")
        if self._batch is None:
            await self._begin_batch()
            loop = asyncio.get_running_loop()
            self._batch = _Batch(loop.time(), loop.create_future())
        try:
            self.connection.execute("SAVEPOINT member")
        except sqlite3.Error as error:
            raise Unavailable(store="records") from error
        return self._batch

    async def _begin_batch(self) -> None:
        """Another process may be writing: wait for it without holding up the loop."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BUSY_S
        self._roll_back()  # what a disk that failed before has left open
        while True:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if not _is_busy(error) or loop.time() > deadline:
                    raise Unavailable(store="records") from error
                await asyncio.sleep(BUSY_PAUSE_S)
            else:
                return

    def _leave(self, member: Member) -> None:
        member.session.ended = True
        self._end_turn()

    def _undo(self, member: Member, batch: _Batch) -> None:
        """Take the member's changes back; when the store has failed, the whole batch is lost."""
        try:
            if not member.session.failed:
                member.session.undo("member")
                return
        except Unavailable:
            pass
        self._lose(batch)

    def _lose(self, batch: _Batch) -> None:
        self._batch = None
        self._roll_back()
        batch.durable.set_result(False)

    def _roll_back(self) -> None:
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            _log.error("rollback failed", error=str(error))

    def _end_turn(self) -> None:
        batch = self._batch
        if batch is None:
            self._turns.pass_on()
        elif not batch.members:
            self._lose(batch)
            self._turns.pass_on()
        elif self._is_full(batch) or not self._turns.hand_over():
            self._batch = None
            self._run(self._commit(batch, self._settling))

    @staticmethod
    def _is_full(batch: _Batch) -> bool:
        age_s = asyncio.get_running_loop().time() - batch.began_at
        return len(batch.members) >= LARGEST_BATCH or age_s > LONGEST_BATCH_S

    def _run(self, settle: Coroutine[Any, Any, None]) -> None:
        """In a task and a context of its own: no member can cancel it."""
        loop = asyncio.get_running_loop()
        self._settling = loop.create_task(settle, context=contextvars.Context())

    async def _commit(self, batch: _Batch, previous: asyncio.Task[None] | None) -> None:
        durable = await self._is_committed(batch)
        self._turns.pass_on()
        if durable:
            await self._run_steps(batch)
        batch.durable.set_result(durable)
        if previous is not None:
            await previous  # what was committed first is heard of first
        if durable:
            self._publish(batch)

    async def _is_committed(self, batch: _Batch) -> bool:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self.connection.execute, "COMMIT")
        except Exception as error:
            _log.error("commit failed", transactions=len(batch.members), error=str(error))
            self._roll_back()
            return False
        self.commits += 1
        return True

    @staticmethod
    async def _run_steps(batch: _Batch) -> None:
        steps = [member.committed() for member in batch.members if member.committed]
        if len(steps) == 1:
            await steps[0]
        elif steps:
            await asyncio.gather(*steps)

    @staticmethod
    def _publish(batch: _Batch) -> None:
        for member in batch.members:
            if member.published:
                member.published()

    @staticmethod
    async def _outcome(batch: _Batch) -> None:
        """Wait for the batch. Raises Unavailable when it failed, or when nobody can say yet."""
        await asyncio.wait((batch.durable,), timeout=COMMIT_S)
        if not batch.durable.done() or not batch.durable.result():
            raise Unavailable(store="records")

    async def close(self) -> None:
        """Wait for what is being committed; who still waits gets Unavailable."""
        self._closed = True
        with suppress(Unavailable):  # somebody does not give their turn back: close all the same
            await self._turns.take()
            self._turns.pass_on()
        if self._settling is not None:
            await self._settling
        self._thread.shutdown()


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
