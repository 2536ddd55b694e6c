"""The event log in SQLite: written by transactions, read by readers with a stored place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from hub.stores.news import News
from hub.stores.sqlite_session import Session, SqlValue, WriteSession
from hub.stores.sqlite_writer import SqliteWriter
from hub.stores.tail import Tail
from services.base import rfc3339
from services.events import Fact
from services.ports import LogRecord

ROWS_PER_STATEMENT: Final = 100

COLUMNS: Final = "seq, id, name, rooms, type, topic, key, at, payload"
_ROW: Final = "(NULL, ?, ?, ?, ?, ?, ?, ?, ?)"


def append(session: WriteSession, facts: Sequence[Fact]) -> list[LogRecord]:
    """Write facts inside the running transaction; they count once it is committed."""
    records: list[LogRecord] = []
    for start in range(0, len(facts), ROWS_PER_STATEMENT):
        records += _append(session, facts[start : start + ROWS_PER_STATEMENT])
    return records


def _append(session: WriteSession, facts: Sequence[Fact]) -> list[LogRecord]:
    records = [_record_of(fact) for fact in facts]
    parameters = [item for record in records for item in row_of(record)]
    rows = ", ".join([_ROW] * len(records))
    last = session.run(f"INSERT INTO outbox ({COLUMNS}) VALUES {rows}", parameters).lastrowid or 0
    # One statement under the write lock: its rows have successive numbers.
    first = last - len(records) + 1
    return [_numbered(record, seq) for seq, record in enumerate(records, first)]


def _record_of(fact: Fact) -> LogRecord:
    rooms = fact.rooms() if fact.name else ()
    payload = fact.model_dump_json().encode()
    return LogRecord(0, fact.id, fact.name, rooms, fact.type, fact.topic, fact.key(), fact.at, payload)


def _numbered(record: LogRecord, seq: int) -> LogRecord:
    return LogRecord(
        seq,
        record.id,
        record.name,
        record.rooms,
        record.type,
        record.topic,
        record.key,
        record.at,
        record.payload,
    )


def row_of(record: LogRecord) -> tuple[SqlValue, ...]:
    """The values of every column but `seq`."""
    rooms = " ".join(record.rooms)
    at = rfc3339(record.at)
    return record.id, record.name, rooms, record.type, record.topic, record.key, at, record.payload


def record_of(row: tuple[Any, ...]) -> LogRecord:
    """The record of a row of `COLUMNS`."""
    seq, event_id, name, rooms, type_, topic, key, at, payload = row
    return LogRecord(
        seq, event_id, name, tuple(rooms.split()), type_, topic, key, datetime.fromisoformat(at), payload
    )


class SqliteLog:
    """Implements `services.ports.Log`."""

    def __init__(self, reading: Session, writer: SqliteWriter) -> None:
        self._reading = reading
        self._writer = writer
        self._tail = Tail()
        self._news = News(self._newest())

    def _newest(self) -> int:
        """The greatest number ever given: rows may have been pruned."""
        rows = self._reading.rows("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
        return int(rows[0][0]) if rows else 0

    def publish(self, records: Sequence[LogRecord]) -> None:
        """Let readers see records that are durable; called in the order of their numbers."""
        if not records:
            return
        self._tail.extend(records)
        self._news.reach(records[-1].seq)

    async def read(self, *, after: int, limit: int) -> list[LogRecord]:
        if after >= self._news.last:
            return []
        recent = self._tail.after(after, limit)
        if recent is not None:
            return recent
        statement = f"SELECT {COLUMNS} FROM outbox WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
        return [record_of(row) for row in self._reading.rows(statement, (after, self._news.last, limit))]

    async def last(self) -> int:
        return self._news.last

    async def position(self, reader: str) -> int | None:
        rows = self._reading.rows("SELECT seq FROM log_positions WHERE reader = ?", (reader,))
        return int(rows[0][0]) if rows else None

    async def keep_position(self, reader: str, seq: int) -> None:
        async with self._writer.transaction() as member:
            member.session.run(
                "INSERT INTO log_positions (reader, seq) VALUES (?, ?) "
                "ON CONFLICT (reader) DO UPDATE SET seq = MAX(seq, excluded.seq)",
                (reader, seq),
            )

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        return await self._news.wait(after=after, timeout_s=timeout_s)
