"""The embedded store: records and event log in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.stores.sqlite_log import SqliteLog
from hub.stores.sqlite_migrations import SchemaError, migrate
from hub.stores.sqlite_prune import prune
from hub.stores.sqlite_records import SqliteRecords
from hub.stores.sqlite_session import Session
from hub.stores.sqlite_writer import SqliteWriter
from services.base import Clock

START_BUSY_MS: Final = 5000  # at the start another process may hold the file this long
READ_BUSY_MS: Final = 100  # a reader is held up only while another process recovers or closes the file

_PRAGMAS: Final = (
    f"busy_timeout = {START_BUSY_MS}",
    "journal_mode = WAL",
    "synchronous = FULL",  # COMMIT returns when the disk has it
    "cache_size = -65536",  # KiB per connection: the tables of a busy network
    "temp_store = MEMORY",  # else a savepoint of more than 16 pages writes a file
    "wal_autocheckpoint = 2048",  # pages, 8 MiB: rare enough to be cheap, small enough to be short
)


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """Records and log of one file, which one process at a time may serve."""

    records: SqliteRecords
    log: SqliteLog
    writer: SqliteWriter
    clock: Clock

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, clock: Clock) -> AsyncIterator[SqliteStore]:
        """Open or create the file. Raises SchemaError for a file that this hub cannot use."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connect(path)) as writing, closing(_connect(path)) as reading:
            migrate(writing)
            writing.execute("PRAGMA busy_timeout = 0")  # the writer waits on the loop instead
            reading.execute(f"PRAGMA busy_timeout = {READ_BUSY_MS}")
            writer, session = SqliteWriter(writing), Session(reading)
            log = SqliteLog(session, writer)
            try:
                yield cls(SqliteRecords(session, writer, log), log, writer, clock)
            finally:
                await writer.close()

    async def prune(self) -> dict[str, int]:
        """Delete expired answers and old log records; answers how many of each."""
        return await prune(self.writer, self.clock())


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=512
        )
    except sqlite3.Error as error:
        raise SchemaError(f"{path} cannot be opened: {error}.") from error
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        connection.close()
        raise SchemaError(f"{path} cannot be used: {error}.") from error
    return connection
