"""One collection in SQLite: a table of JSON documents."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from hub.stores.schema import Collection
from hub.stores.sqlite_query import order_clause, where_clause
from services.base import Document
from services.errors import DuplicateKey, Unavailable, WriteConflict
from services.ports import Scalar, Where

D = TypeVar("D", bound=Document)


@contextmanager
def domain_errors() -> Iterator[None]:
    """Driver errors become the ports' errors."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise DuplicateKey(_index_of(str(error))) from error
    except sqlite3.Error as error:
        raise Unavailable(store="records") from error


def _index_of(message: str) -> str:
    """`UNIQUE constraint failed: index 'NAME'`, or `: table.id` for the primary key."""
    return message.rpartition(": ")[2].removeprefix("index ").strip("'")


class SqliteReads(Generic[D]):
    """Implements `services.ports.Reads` on one connection; nothing here ever waits."""

    def __init__(self, connection: sqlite3.Connection, collection: Collection[D]) -> None:
        self._connection = connection
        self._table = collection.name
        self._parse = collection.model.model_validate_json

    async def get(self, id: str, /) -> D | None:
        with domain_errors():
            row = self._connection.execute(f"SELECT doc FROM {self._table} WHERE id = ?", (id,)).fetchone()
        return self._parse(row[0]) if row else None

    async def find(
        self, where: Where, /, *, order: tuple[str, ...] = ("id",), limit: int | None = None
    ) -> list[D]:
        clause, parameters = where_clause(where)
        most = "" if limit is None else f" LIMIT {limit:d}"
        with domain_errors():
            rows = self._connection.execute(
                f"SELECT doc FROM {self._table}{clause}{order_clause(order)}{most}", parameters
            ).fetchall()
        return [self._parse(row[0]) for row in rows]

    async def first(self, where: Where, /, *, order: tuple[str, ...] = ("id",)) -> D | None:
        found = await self.find(where, order=order, limit=1)
        return found[0] if found else None

    async def count(self, where: Where, /) -> int:
        return self._number("COUNT(*)", where)

    async def sum(self, field: str, where: Where, /) -> int:
        return self._number(f"COALESCE(SUM(json_extract(doc, '$.{field}')), 0)", where)

    def _number(self, expression: str, where: Where) -> int:
        clause, parameters = where_clause(where)
        with domain_errors():
            row = self._connection.execute(f"SELECT {expression} FROM {self._table}{clause}", parameters)
            return int(row.fetchone()[0])

    async def tally(self, by: tuple[str, ...], where: Where, /) -> dict[tuple[Scalar, ...], int]:
        clause, parameters = where_clause(where)
        keys = ", ".join(f"json_extract(doc, '$.{field}')" for field in by)
        with domain_errors():
            rows = self._connection.execute(
                f"SELECT {keys}, COUNT(*) FROM {self._table}{clause} GROUP BY {keys}", parameters
            ).fetchall()
        return {tuple(row[:-1]): row[-1] for row in rows}


class SqliteWrites(SqliteReads[D]):
    """Implements `services.ports.Writes` on the writer's connection."""

    async def insert(self, *documents: D) -> None:
        rows = [(one.id, one.version, one.model_dump_json()) for one in documents]
        with domain_errors():
            self._connection.executemany(f"INSERT INTO {self._table} VALUES (?, ?, ?)", rows)

    async def replace(self, document: D, /) -> None:
        with domain_errors():
            done = self._connection.execute(
                f"UPDATE {self._table} SET version = ?, doc = ? WHERE id = ? AND version = ?",
                (document.version, document.model_dump_json(), document.id, document.version - 1),
            )
        if done.rowcount != 1:
            raise WriteConflict(f"{self._table} {document.id}")

    async def delete(self, id: str, /) -> bool:
        with domain_errors():
            done = self._connection.execute(f"DELETE FROM {self._table} WHERE id = ?", (id,))
        return done.rowcount == 1
