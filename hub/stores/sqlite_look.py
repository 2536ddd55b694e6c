"""A look at the embedded log from another process, while a hub writes it or none runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from hub.stores.follow import until_after
from hub.stores.sqlite_log import COLUMNS, record_of
from hub.stores.sqlite_migrations import SchemaError
from hub.stores.sqlite_session import Session
from services.ports import LogRecord

BUSY_MS: Final = 5000


class SqliteLogFile:
    """Reads the log of a file that it can neither change nor lock."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def read(self, *, after: int, limit: int) -> list[LogRecord]:
        statement = f"SELECT {COLUMNS} FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?"
        return [record_of(row) for row in self._session.rows(statement, (after, limit))]

    async def last(self) -> int:
        return int(self._session.rows("SELECT COALESCE(MAX(seq), 0) FROM outbox")[0][0])

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        return await until_after(self.last, after, timeout_s)


@contextmanager
def look_at(path: Path) -> Iterator[SqliteLogFile]:
    """Open the log of a hub's file. Raises SchemaError where there is none."""
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        ) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            connection.execute("SELECT 1 FROM outbox LIMIT 1")
            yield SqliteLogFile(Session(connection))
    except sqlite3.Error as error:
        raise SchemaError(f"{path} has no log that can be read: {error}.") from error
