"""Schema versions of the SQLite file: each step in one transaction, none skipped, none backwards.

The number is SQLite's own `user_version`. Tables, columns and indexes of the collections follow
their declaration at every start; steps are for the rest, and for changes of documents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from hub.stores.sqlite_sql import TABLES, TableSql

Step = Callable[[sqlite3.Connection], None]


class NewerSchema(Exception):
    """The file was written by a later version of the hub."""


def _add_log(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, "
        "name TEXT, rooms TEXT NOT NULL, type TEXT, topic TEXT, key TEXT NOT NULL, at TEXT NOT NULL, "
        "payload BLOB NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS log_positions "
        "(reader TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID"
    )


STEPS: Final[tuple[Step, ...]] = (_add_log,)
"""Step n brings a file from version n to n + 1. Append only."""


def migrate(connection: sqlite3.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Bring a file to the present version. Raises NewerSchema; on any error the file is as before."""
    present = _version(connection)
    if present > len(steps):
        raise NewerSchema(
            f"This data was written by a newer hub (schema {present}, this one knows {len(steps)}). "
            "Start that version, or restore a backup."
        )
    for number, step in enumerate(steps[present:], start=present + 1):
        _in_transaction(connection, step, number)
    _in_transaction(connection, follow_declaration, len(steps))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _in_transaction(connection: sqlite3.Connection, step: Step, number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        step(connection)
        connection.execute(f"PRAGMA user_version = {number}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def follow_declaration(connection: sqlite3.Connection) -> None:
    """Make what is declared and missing; drop indexes that are declared no more, or otherwise."""
    for table in TABLES.values():
        connection.execute(table.create_table)
        _follow_columns(connection, table)
        _follow_indexes(connection, table)


def _follow_columns(connection: sqlite3.Connection, table: TableSql) -> None:
    present = {row[1] for row in connection.execute(f"PRAGMA table_xinfo({table.name})")}
    for field in table.collection.looked_up:
        if field not in present:
            connection.execute(table.add_column(field))


def _follow_indexes(connection: sqlite3.Connection, table: TableSql) -> None:
    present = dict(
        connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
            (table.name,),
        )
    )
    wanted = {index.name: table.create_index(index) for index in table.collection.indexes}
    for name in present.keys() - {name for name, sql in wanted.items() if present.get(name) == sql}:
        connection.execute(f"DROP INDEX {name}")
    for name, sql in wanted.items():
        if present.get(name) != sql:
            connection.execute(sql)
