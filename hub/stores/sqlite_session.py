"""A connection as a reader or a transaction uses it: statements in, the ports' errors out."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from hub.stores.schema import COLLECTIONS, primary_key_name
from services.errors import DuplicateKey, Unavailable

SqlValue = str | int | float | bytes | None

_UNIQUE: Final = {
    ", ".join(f"{collection.name}.{field}" for field in index.fields): index.name
    for collection in COLLECTIONS
    for index in collection.indexes
    if index.unique
} | {f"{collection.name}.id": primary_key_name(collection) for collection in COLLECTIONS}
"""SQLite names a unique index by its columns; this is how we name it."""


class Session:
    """Runs statements on the loop's thread: each takes microseconds, none waits."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, parameters: Sequence[SqlValue] = ()) -> list[Any]:
        """Every row of a query. Raises Unavailable."""
        self._check()
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._domain_error(error) from error

    def _check(self) -> None:
        """May a statement run?"""

    def _domain_error(self, error: sqlite3.Error) -> Exception:
        if isinstance(error, sqlite3.IntegrityError):
            columns = str(error).rpartition(": ")[2]
            return DuplicateKey(_UNIQUE.get(columns, columns))
        return Unavailable(store="records")


class WriteSession(Session):
    """One transaction's part of a batch.

    Once the store has failed it stays failed: SQLite may have rolled the whole batch back, and a
    statement after that would be committed alone. After the transaction's end nothing runs either.
    """

    __slots__ = ("ended", "failed")

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.ended = self.failed = False

    def run(self, statement: str, parameters: Sequence[SqlValue] = ()) -> sqlite3.Cursor:
        """One change. Raises DuplicateKey, Unavailable."""
        self._check()
        try:
            return self._connection.execute(statement, parameters)
        except sqlite3.Error as error:
            raise self._domain_error(error) from error

    def run_all(self, statement: str, rows: Sequence[Sequence[SqlValue]]) -> None:
        """One change for each row, all or none."""
        self.run("SAVEPOINT rows")
        try:
            self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            failure = self._domain_error(error)
            self.undo("rows")
            raise failure from error
        self.run("RELEASE rows")

    def undo(self, savepoint: str) -> None:
        """Take back what was done since a savepoint; nothing to do when all of it is lost already."""
        if not self.failed:
            self.run(f"ROLLBACK TO {savepoint}")
            self.run(f"RELEASE {savepoint}")

    def _check(self) -> None:
        if self.ended:
            raise RuntimeError("the transaction has ended")
        if self.failed:
            raise Unavailable(store="records")

    def _domain_error(self, error: sqlite3.Error) -> Exception:
        self.failed |= not isinstance(error, sqlite3.IntegrityError)
        return super()._domain_error(error)
