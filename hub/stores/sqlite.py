"""The embedded store: records and event log in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from hub.stores import sqlite_log
from hub.stores.schema import COLLECTIONS
from hub.stores.schema.migrations import migrate
from hub.stores.sqlite_collection import SqliteReads, SqliteWrites
from hub.stores.sqlite_log import SqliteLog
from hub.stores.sqlite_writer import SqliteWriter
from services.base import Clock
from services.events import Fact
from services.ports import LogRecord, Snapshot, Transaction

logger = structlog.get_logger(__name__)

BUSY_MS = 5000  # another process (navswap link, backup) may hold the file this long


class SqliteTransaction:
    """Implements `services.ports.Transaction`; its collections are set by name."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.facts: list[Fact] = []
        self.steps: list[Callable[[], Awaitable[None]]] = []
        for collection in COLLECTIONS:
            setattr(self, collection.name, SqliteWrites(connection, collection))

    def log(self, *facts: Fact) -> None:
        self.facts += facts

    def after_commit(self, step: Callable[[], Awaitable[None]], /) -> None:
        self.steps.append(step)


class SqliteSnapshot:
    """Implements `services.ports.Snapshot` on the reading connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        for collection in COLLECTIONS:
            setattr(self, collection.name, SqliteReads(connection, collection))


class SqliteRecords:
    """Implements `services.ports.Records`."""

    def __init__(self, reading: sqlite3.Connection, writer: SqliteWriter, log: SqliteLog) -> None:
        self.now: Snapshot = SqliteSnapshot(reading)  # type: ignore[assignment]
        self._writer = writer
        self._log = log
        self._current: ContextVar[SqliteTransaction | None] = ContextVar("transaction", default=None)
        self.on_stale: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        running = self._current.get()
        if running is not None:
            async with self._inner(running) as tx:
                yield tx
            return
        tx_own = SqliteTransaction(self._writer.connection)
        records: list[LogRecord] = []
        async with self._writer.member(lambda: self._log.committed(records)):
            token = self._current.set(tx_own)
            try:
                yield tx_own  # type: ignore[misc]
            finally:
                self._current.reset(token)
            records += sqlite_log.append(self._writer.connection, tx_own.facts)
        for step in tx_own.steps:
            await self._after(step)

    @asynccontextmanager
    async def _inner(self, running: SqliteTransaction) -> AsyncIterator[Transaction]:
        """A block inside a block: a savepoint, so that an error that is caught outside undoes it alone."""
        connection = self._writer.connection
        facts, steps = len(running.facts), len(running.steps)
        connection.execute("SAVEPOINT inner_block")
        try:
            yield running  # type: ignore[misc]
        except BaseException:
            del running.facts[facts:], running.steps[steps:]
            if connection.in_transaction:
                connection.execute("ROLLBACK TO inner_block")
                connection.execute("RELEASE inner_block")
            raise
        connection.execute("RELEASE inner_block")

    async def _after(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Exception:
            logger.exception("live_state_write_failed")
            self.on_stale()


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """Records and log of one file."""

    records: SqliteRecords
    log: SqliteLog
    writer: SqliteWriter

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, clock: Clock) -> AsyncIterator[SqliteStore]:
        """Open or create the file. Raises NewerSchema for a file of a later version of the hub."""
        path.parent.mkdir(parents=True, exist_ok=True)
        writing, reading = _connect(path), _connect(path)
        migrate(writing)
        writer = SqliteWriter(writing)
        log = SqliteLog(reading, writer)
        try:
            yield cls(SqliteRecords(reading, writer, log), log, writer)
        finally:
            await writer.close()
            reading.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection: Any = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection  # type: ignore[no-any-return]
