"""The one writer of a SQLite file, with group commit.

Statements run on the loop's thread: they take microseconds. COMMIT waits for the disk, so it runs in
a worker thread; transactions that arrive meanwhile wait for their turn, run one after the other as
savepoints of the next batch, and share its COMMIT. Whoever leaves the turn with nobody behind
commits the batch; a transaction is acknowledged when that COMMIT has returned.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from services.errors import Unavailable

logger = structlog.get_logger(__name__)

LARGEST_BATCH: Final = 128  # transactions per COMMIT
MOST_WAITING: Final = 10_000
TURN_S: Final = 30.0  # longest wait for a turn


@dataclass(slots=True)
class Member:
    """One transaction of a batch, and who waits for its COMMIT."""

    committed: asyncio.Future[None]
    on_commit: Callable[[], None]


class SqliteWriter:
    """Gives turns on the writing connection and commits in batches."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.commits = 0
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._batch: list[Member] = []
        self._committing: set[asyncio.Task[None]] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")

    @asynccontextmanager
    async def member(self, on_commit: Callable[[], None]) -> AsyncIterator[None]:
        """One transaction: the block runs in its turn; left when its changes are durable.

        Raises Unavailable when the store fails; then nothing of it was written.
        """
        await self._take_turn()
        try:
            self._begin()
            yield
            self._execute("RELEASE member")
            member = Member(asyncio.get_running_loop().create_future(), on_commit)
            self._batch.append(member)
        except BaseException:
            self._undo()
            raise
        finally:
            self._leave_turn()
        await asyncio.shield(member.committed)

    async def _take_turn(self) -> None:
        if self._waiting >= MOST_WAITING:
            raise Unavailable(store="records", waiting=self._waiting)
        self._waiting += 1
        try:
            async with asyncio.timeout(TURN_S):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Unavailable(store="records") from error
        finally:
            self._waiting -= 1
            if self._waiting == 0 and self._batch and not self._turn.locked():
                # Whoever waited last gave up, and the batch had been left to them.
                self._own(self._commit_in_turn())

    def _begin(self) -> None:
        if not self.connection.in_transaction:
            self._execute("BEGIN IMMEDIATE")
        self._execute("SAVEPOINT member")

    def _undo(self) -> None:
        """Take the member's changes back; a failed disk may have ended the whole batch already."""
        if self.connection.in_transaction:
            self._execute("ROLLBACK TO member")
            self._execute("RELEASE member")
        else:
            self._fail(self._batch, Unavailable(store="records"))
            self._batch = []

    def _leave_turn(self) -> None:
        if self._waiting and len(self._batch) < LARGEST_BATCH:
            self._turn.release()
        elif self._batch:
            self._own(self._commit())
        else:
            if self.connection.in_transaction:
                self._execute("ROLLBACK")
            self._turn.release()

    def _own(self, step: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(step)
        self._committing.add(task)
        task.add_done_callback(self._committing.discard)

    async def _commit_in_turn(self) -> None:
        await self._turn.acquire()
        if self._batch:
            await self._commit()
        else:
            self._turn.release()

    async def _commit(self) -> None:
        """Commit the batch and pass the turn on. Runs as a task of its own: nobody can cancel it."""
        batch, self._batch = self._batch, []
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._execute, "COMMIT")
        except sqlite3.Error as error:
            logger.error("commit_failed", transactions=len(batch), error=str(error))
            if self.connection.in_transaction:
                self._execute("ROLLBACK")
            self._fail(batch, Unavailable(store="records"))
        else:
            self.commits += 1
            self._succeed(batch)
        finally:
            self._turn.release()

    def _execute(self, statement: str) -> None:
        self.connection.execute(statement)

    @staticmethod
    def _succeed(batch: Sequence[Member]) -> None:
        for member in batch:
            member.on_commit()
            if not member.committed.done():
                member.committed.set_result(None)

    @staticmethod
    def _fail(batch: Sequence[Member], error: Unavailable) -> None:
        for member in batch:
            if not member.committed.done():
                member.committed.set_exception(error)
                member.committed.exception()  # a member that was cancelled meanwhile does not ask

    async def close(self) -> None:
        """Wait for what is being committed, then close the file."""
        await self._turn.acquire()
        await asyncio.gather(*self._committing)
        self._thread.shutdown()
        self.connection.close()
