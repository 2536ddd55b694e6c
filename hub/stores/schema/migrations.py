"""Schema versions of the SQLite file: each step in one transaction, none skipped, none backwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from hub.stores.schema import COLLECTIONS
from hub.stores.sqlite_log import TABLES
from hub.stores.sqlite_query import create_statements


class NewerSchema(Exception):
    """The file was written by a later version of the hub."""


def _first(connection: sqlite3.Connection) -> None:
    for statement in TABLES:
        connection.execute(statement)


STEPS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (_first,)
"""Step n brings a file from version n to n + 1. Append only."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to the present version and make every table and index that is missing."""
    present = connection.execute("PRAGMA user_version").fetchone()[0]
    if present > len(STEPS):
        raise NewerSchema(
            f"This data was written by a newer hub (schema {present}, this one knows {len(STEPS)}). "
            "Start that version, or restore a backup."
        )
    connection.execute("BEGIN IMMEDIATE")
    for step in STEPS[present:]:
        step(connection)
    for collection in COLLECTIONS:
        for statement in create_statements(collection):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")
    connection.execute("COMMIT")
