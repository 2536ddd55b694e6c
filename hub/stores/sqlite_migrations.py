"""Schema versions of the SQLite file: each step in one transaction, none skipped, none backwards.

The number is SQLite's own `user_version`. Tables, columns and indexes of the collections follow
their declaration at every start; steps are for all else, and for changes of documents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from hub.stores.schema.versions import NewerSchema, SchemaError, newer
from hub.stores.sqlite_sql import TABLES, TableSql

APPLICATION_ID: Final = 0x4E565350  # "NVSP": says in the file's header whose it is

__all__ = ["STEPS", "NewerSchema", "SchemaError", "Step", "follow_declaration", "migrate"]

Step = Callable[[sqlite3.Connection], None]


def _add_log(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, name TEXT, "
        "rooms TEXT NOT NULL, type TEXT, topic TEXT, key TEXT NOT NULL, at TEXT NOT NULL, "
        "payload BLOB NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE log_positions (reader TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID"
    )


def _use_rowid_tables(connection: sqlite3.Connection) -> None:
    """Documents are too large for WITHOUT ROWID: their pages hold few, and a COMMIT writes more."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE sql LIKE '%doc TEXT%' AND sql LIKE '%WITHOUT ROWID'"
    )
    for (name,) in tables.fetchall():
        connection.execute(f"ALTER TABLE {name} RENAME TO old")
        connection.execute(
            f"CREATE TABLE {name} (id TEXT PRIMARY KEY, version INTEGER NOT NULL, doc TEXT NOT NULL)"
        )
        connection.execute(f"INSERT INTO {name} (id, version, doc) SELECT id, version, doc FROM old")
        connection.execute("DROP TABLE old")


def _whole_network(_connection: sqlite3.Connection) -> None:
    """Documents got fields that earlier hubs refuse; what has them not means their defaults."""


STEPS: Final[tuple[Step, ...]] = (_add_log, _use_rowid_tables, _whole_network)
"""Step n brings a file from version n to n + 1. Append only."""


def migrate(connection: sqlite3.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Bring a file to the present version. Raises SchemaError; on any error nothing is changed."""
    _check_owner(connection)
    present = _number(connection, "user_version")
    if present > len(steps):
        raise newer(present, len(steps))
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[present:]:
            step(connection)
        follow_declaration(connection)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _check_owner(connection: sqlite3.Connection) -> None:
    owner = _number(connection, "application_id")
    if owner not in (0, APPLICATION_ID):
        raise SchemaError(f"This file belongs to another program (application_id {owner}).")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def follow_declaration(connection: sqlite3.Connection) -> None:
    """Make what is declared and missing; drop indexes that are not declared so any more."""
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
    made = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
        (table.name,),
    )
    present = dict(made.fetchall())
    wanted = {index.name: table.create_index(index) for index in table.collection.indexes}
    for name, sql in present.items():
        if wanted.get(name) != sql:
            connection.execute(f"DROP INDEX {name}")
    for name, sql in wanted.items():
        if present.get(name) != sql:
            _create(connection, name, sql)


def _create(connection: sqlite3.Connection, name: str, sql: str) -> None:
    try:
        connection.execute(sql)
    except sqlite3.IntegrityError as error:
        raise SchemaError(f"The data breaks the rule of the unique index {name}: {error}.") from error
