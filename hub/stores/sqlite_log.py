"""The event log in SQLite: written by transactions, read by readers with a stored place."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import orjson

from hub.stores.sqlite_collection import domain_errors
from hub.stores.sqlite_writer import SqliteWriter
from services.base import rfc3339
from services.events import Fact
from services.ports import LogRecord

TAIL: Final = 20_000  # committed records kept in memory, so that a reader in step needs no query

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, name TEXT, "
    "rooms TEXT NOT NULL, type TEXT, topic TEXT, key TEXT NOT NULL, at TEXT NOT NULL, payload BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS log_positions (reader TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
)
_COLUMNS: Final = "seq, id, name, rooms, type, topic, key, at, payload"


def append(connection: sqlite3.Connection, facts: Iterable[Fact]) -> list[LogRecord]:
    """Write facts inside the running transaction; they count once it is committed."""
    records = []
    for fact in facts:
        payload = orjson.dumps(fact.model_dump(mode="json"))
        rooms = fact.rooms() if fact.name else ()
        row = (
            fact.id,
            fact.name,
            " ".join(rooms),
            fact.type,
            fact.topic,
            fact.key(),
            rfc3339(fact.at),
            payload,
        )
        with domain_errors():
            done = connection.execute(f"INSERT INTO outbox ({_COLUMNS}) VALUES (NULL,?,?,?,?,?,?,?,?)", row)
        seq = done.lastrowid or 0
        records.append(
            LogRecord(seq, fact.id, fact.name, rooms, fact.type, fact.topic, fact.key(), fact.at, payload)
        )
    return records


class SqliteLog:
    """Implements `services.ports.Log`."""

    def __init__(self, reading: sqlite3.Connection, writer: SqliteWriter) -> None:
        self._reading = reading
        self._writer = writer
        self._tail: deque[LogRecord] = deque(maxlen=TAIL)
        self._last = int(self._query("SELECT COALESCE(MAX(seq), 0) FROM outbox")[0][0])
        self._waiters: set[asyncio.Future[None]] = set()

    def committed(self, records: list[LogRecord]) -> None:
        """Called by the writer once the records are durable, in the order of their numbers."""
        if not records:
            return
        self._tail.extend(records)
        self._last = records[-1].seq
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def read(self, *, after: int, limit: int) -> list[LogRecord]:
        if after >= self._last:
            return []
        if self._tail and self._tail[0].seq <= after + 1:
            behind = self._last - after  # numbers may have gaps: never fewer than this many back
            start = max(0, len(self._tail) - behind)
            newer = [record for record in _from(self._tail, start) if record.seq > after]
            return newer[:limit]
        statement = f"SELECT {_COLUMNS} FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?"
        return [_record(row) for row in self._query(statement, after, limit)]

    async def last(self) -> int:
        return self._last

    async def position(self, reader: str) -> int | None:
        rows = self._query("SELECT seq FROM log_positions WHERE reader = ?", reader)
        return int(rows[0][0]) if rows else None

    async def keep_position(self, reader: str, seq: int) -> None:
        async with self._writer.member(lambda: None):
            with domain_errors():
                self._writer.connection.execute(
                    "INSERT INTO log_positions VALUES (?, ?) "
                    "ON CONFLICT (reader) DO UPDATE SET seq = MAX(seq, excluded.seq)",
                    (reader, seq),
                )

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        if self._last > after:
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True

    def _query(self, statement: str, *parameters: str | int) -> list[Any]:
        with domain_errors():
            return self._reading.execute(statement, parameters).fetchall()


def _from(tail: deque[LogRecord], start: int) -> list[LogRecord]:
    return [tail[index] for index in range(start, len(tail))]


def _record(row: tuple[Any, ...]) -> LogRecord:
    seq, event_id, name, rooms, type_, topic, key, at, payload = row
    return LogRecord(
        seq, event_id, name, tuple(rooms.split()), type_, topic, key, datetime.fromisoformat(at), payload
    )
