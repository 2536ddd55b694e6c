"""The embedded store as a source of a copy, while a hub runs on it, and as a target, before one does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

import orjson

from hub.stores import sqlite_log
from hub.stores.archive import sync_directory
from hub.stores.dump import (
    BATCH,
    BY_NAME,
    CONTENT,
    LOG,
    LOG_END,
    LOG_POSITIONS,
    Batches,
    DumpError,
    document_line,
    record_line,
    record_of,
)
from hub.stores.schema import Collection
from hub.stores.sqlite_migrations import APPLICATION_ID, STEPS, NewerSchema, migrate
from hub.stores.sqlite_session import SqlValue
from services.base import Document

BUSY_MS: Final = 5000
ASIDE: Final = "before-restore"  # what a file is called that a restore has replaced

_LOG_END: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
_POSITIONS: Final = "SELECT reader, seq FROM log_positions ORDER BY reader"

Row = tuple[Any, ...]


class SqliteSource:
    """Implements `dump.Source` on a connection whose transaction has begun: it reads one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """A snapshot, also of a file that a hub is writing. Raises DumpError, NewerSchema."""
        if not path.exists():
            raise DumpError(f"{path}: there are no records")
        try:
            with closing(read_only(path)) as connection:
                check_schema(connection)
                connection.execute("BEGIN")
                yield cls(connection)
        except sqlite3.Error as error:
            raise DumpError(f"{path} cannot be read: {error}") from error

    def lines(self, section: str) -> Batches:
        if section == LOG:
            statement = f"SELECT {sqlite_log.COLUMNS} FROM outbox ORDER BY seq"
            return self._read("outbox", statement, lambda row: record_line(sqlite_log.record_of(row)))
        if section == LOG_POSITIONS:
            return self._read("log_positions", _POSITIONS, _position_line)
        if section == LOG_END:
            return self._read("sqlite_sequence", _LOG_END, lambda row: orjson.dumps({"seq": row[0]}))
        return self._documents(BY_NAME[section])

    def _documents(self, collection: Collection[Document]) -> Batches:
        statement = f"SELECT doc FROM {collection.name} ORDER BY id"
        return self._read(collection.name, statement, lambda row: document_line(collection, row[0]))

    async def _read(
        self, table: str, statement: str, line: Callable[[Row], bytes]
    ) -> AsyncIterator[list[bytes]]:
        if table not in self._tables:  # a file of an earlier hub
            return
        cursor = self._connection.execute(statement)
        while rows := cursor.fetchmany(BATCH):
            yield [line(row) for row in rows]


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, beside whoever writes."""
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection


def check_schema(connection: sqlite3.Connection) -> int:
    """The file's schema version. Raises DumpError for another program's file, NewerSchema."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise DumpError("this file was not written by a hub")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(STEPS):
        raise NewerSchema(f"these records were written by a newer hub (schema {version})")
    return version


def _position_line(row: Row) -> bytes:
    return orjson.dumps({"reader": row[0], "seq": row[1]})


class SqliteTarget(SqliteSource):
    """Implements `dump.Target`: a draft beside the file, which takes its name at the end."""

    @classmethod
    @contextmanager
    def create(cls, path: Path, *, replace: bool) -> Iterator[Self]:
        """The caller holds the directory: no hub runs there.

        A file with records in it is refused with DumpError; with `replace` it is kept beside the new
        one. Killed at any moment, the name stands for the old file or for the whole new one.
        """
        if not replace and (held := records_in(path)):
            raise DumpError(f"{path} is not empty: it has {held} documents and records of the log")
        draft = path.with_name(f"{path.name}.restoring")
        draft.unlink(missing_ok=True)  # of a restore that was killed
        try:
            with closing(_new(draft)) as connection:
                yield cls(connection)
                connection.execute("COMMIT")
            _give_name(draft, path, keep_old=replace)
        except sqlite3.Error as error:
            raise DumpError(f"{path} was not written: {error}") from error
        finally:
            draft.unlink(missing_ok=True)

    async def take(self, section: str, batches: Batches) -> None:
        insert, row = _insert(section)
        if section == LOG_END:  # not a table of ours: it has a row already when records were inserted
            self._connection.execute("DELETE FROM sqlite_sequence WHERE name = 'outbox'")
        async for lines in batches:
            self._connection.executemany(insert, map(row, lines))


def _insert(section: str) -> tuple[str, Callable[[bytes], Sequence[SqlValue]]]:
    """The statement that writes a line of a section, and its parameters."""
    if section == LOG:
        marks = ", ".join("?" * len(sqlite_log.COLUMNS.split(",")))
        return f"INSERT INTO outbox ({sqlite_log.COLUMNS}) VALUES ({marks})", _record_row
    if section == LOG_POSITIONS:
        return "INSERT INTO log_positions (reader, seq) VALUES (?, ?)", _position_row
    if section == LOG_END:
        return "INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?)", _end_row
    return f"INSERT INTO {section} (id, version, doc) VALUES (?, ?, ?)", _document_row


def _record_row(line: bytes) -> Sequence[SqlValue]:
    record = record_of(line)
    return record.seq, *sqlite_log.row_of(record)


def _position_row(line: bytes) -> Sequence[SqlValue]:
    read = orjson.loads(line)
    return read["reader"], read["seq"]


def _end_row(line: bytes) -> Sequence[SqlValue]:
    return (orjson.loads(line)["seq"],)


def _document_row(line: bytes) -> Sequence[SqlValue]:
    read = orjson.loads(line)
    return read["id"], read["version"], line.decode()


def _new(draft: Path) -> sqlite3.Connection:
    """An empty store whose transaction has begun: no journal, for it is written once and flushed once."""
    connection = sqlite3.connect(draft, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    migrate(connection)
    connection.execute("BEGIN")
    return connection


def records_in(path: Path) -> int:
    """How many documents and records of the log the file has; 0 when there is none. Raises DumpError."""
    if not path.exists():
        return 0
    with closing(read_only(path)) as connection:
        try:
            check_schema(connection)
            present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            tables = [name for name in (*CONTENT, "outbox") if name in present]
            return sum(connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in tables)
        except sqlite3.Error as error:
            raise DumpError(f"{path} cannot be read: {error}") from error


def _give_name(draft: Path, path: Path, *, keep_old: bool) -> None:
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    if path.exists():
        _end_log_of(path)
    for rest in ("-wal", "-shm"):  # of a file that somebody removed: SQLite would take it for the new one's
        path.with_name(f"{path.name}{rest}").unlink(missing_ok=True)
    if path.exists() and keep_old:
        aside = path.with_name(f"{path.name}.{ASIDE}")
        aside.unlink(missing_ok=True)
        aside.hardlink_to(path)
    draft.replace(path)
    sync_directory(path.parent)


def _end_log_of(path: Path) -> None:
    """Take the write-ahead log into the old file: it must not be found beside the new one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            raise DumpError(f"{path} is open in another process ({error}): end that first") from error
