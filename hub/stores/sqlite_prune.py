"""Retention: what nobody needs any more goes, a little at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hub.stores.retention import KEEP_LOG, LONGEST_LOG
from hub.stores.sqlite_session import SqlValue
from hub.stores.sqlite_writer import SqliteWriter
from services.base import rfc3339

ROWS: Final = 500  # rows per transaction: others get their turn between two

_EVERY: Final = 2**62

_EXPIRED: Final = (
    "DELETE FROM kept_answers WHERE rowid IN "
    "(SELECT rowid FROM kept_answers WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)"
)
_OLD: Final = (
    "DELETE FROM outbox WHERE seq IN (SELECT seq FROM "
    "(SELECT seq, at FROM outbox WHERE seq <= ? ORDER BY seq LIMIT ?) WHERE at < ?)"
)
"""Looks at the first rows alone: times grow with the numbers, so none further on is older."""


async def prune(writer: SqliteWriter, now: datetime) -> dict[str, int]:
    """Delete expired answers and old log records; how many, by table."""
    read = await _read_by_all(writer)
    return {
        "kept_answers": await _delete(writer, _EXPIRED, rfc3339(now), ROWS),
        "outbox": await _delete(writer, _OLD, read, ROWS, rfc3339(now - KEEP_LOG))
        + await _delete(writer, _OLD, _EVERY, ROWS, rfc3339(now - LONGEST_LOG)),
    }


async def _read_by_all(writer: SqliteWriter) -> int:
    """The newest record that every reader has read; all of them when there is no reader."""
    async with writer.transaction() as member:
        rows = member.session.rows("SELECT MIN(seq) FROM log_positions")
        return _EVERY if rows[0][0] is None else int(rows[0][0])


async def _delete(writer: SqliteWriter, statement: str, *parameters: SqlValue) -> int:
    deleted = ROWS
    total = 0
    while deleted == ROWS:
        async with writer.transaction() as member:
            deleted = member.session.run(statement, parameters).rowcount
        total += deleted
    return total
