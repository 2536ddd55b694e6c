"""The SQL of a collection: a table of JSON documents, with a virtual column for each field looked up.

A virtual column takes no room in the table; an index on it holds its values, so a query that needs
only indexed fields never parses a document.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from hub.stores.schema import COLLECTIONS, Collection, Index
from hub.stores.sqlite_session import SqlValue
from services.base import rfc3339
from services.ports import Range, Scalar, Where

Condition = Scalar | tuple[Scalar, ...] | Range

_SIDES: Final = (("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<="))


def value(scalar: Scalar) -> SqlValue:
    """As the document's JSON has it: fixed-width instants, text of enums, 0 and 1."""
    if isinstance(scalar, datetime):
        return rfc3339(scalar)
    if isinstance(scalar, str):
        return str(scalar)  # an enum's member is its text
    return int(scalar) if isinstance(scalar, bool) else scalar


def _operand(scalar: Scalar, parameters: list[SqlValue]) -> str:
    """A parameter; but an enum's member, one of few, stands in the statement.

    Partial indexes are about enums. A parameter that may decide whether one can be used makes SQLite
    compile the statement anew for each execution, which costs more than most queries.
    """
    if isinstance(scalar, StrEnum):
        return f"'{scalar.value}'"
    parameters.append(value(scalar))
    return "?"


class TableSql:
    """Statements of one collection; names are quoted, for fields have dots and SQL has `order`."""

    def __init__(self, collection: Collection[Any]) -> None:
        self.collection = collection
        self.name = collection.name
        self._columns = {field: f'"{field}"' for field in ("id", "version", *collection.looked_up)}
        self.select = f"SELECT doc FROM {self.name}"
        self.get = f"{self.select} WHERE id = ?"
        self.insert = f"INSERT INTO {self.name} (id, version, doc) VALUES (?, ?, ?)"
        self.replace = f"UPDATE {self.name} SET version = ?, doc = ? WHERE id = ? AND version = ?"
        self.delete = f"DELETE FROM {self.name} WHERE id = ?"

    def column(self, field: str) -> str:
        """A field as an expression: its column, or read from the document."""
        return self._columns.get(field) or f"json_extract(doc, '$.{field}')"

    def where(self, where: Where) -> tuple[str, list[SqlValue]]:
        """` WHERE ...` and its parameters; empty for no condition."""
        terms: list[str] = []
        parameters: list[SqlValue] = []
        for field, condition in where.items():
            terms.append(self._term(self.column(field), condition, parameters))
        return (f" WHERE {' AND '.join(terms)}" if terms else ""), parameters

    def _term(self, column: str, condition: Condition, parameters: list[SqlValue]) -> str:
        if condition is None:
            return f"{column} IS NULL"
        if isinstance(condition, tuple):
            return self._one_of(column, condition, parameters)
        if isinstance(condition, Range):
            return self._between(column, condition, parameters)
        return f"{column} = {_operand(condition, parameters)}"

    def _one_of(self, column: str, options: tuple[Scalar, ...], parameters: list[SqlValue]) -> str:
        given = [_operand(option, parameters) for option in options if option is not None]
        term = f"{column} IN ({', '.join(given)})"
        return f"({term} OR {column} IS NULL)" if None in options else term

    def _between(self, column: str, limits: Range, parameters: list[SqlValue]) -> str:
        terms = []
        for side, sign in _SIDES:
            limit = getattr(limits, side)
            if limit is not None:
                terms.append(f"{column} {sign} ?")
                parameters.append(value(limit))
        if not terms:
            raise ValueError("a range needs at least one side")
        return " AND ".join(terms)

    def order(self, order: Iterable[str]) -> str:
        keys = [
            f"{self.column(key.removeprefix('-'))}{' DESC' if key.startswith('-') else ''}" for key in order
        ]
        return f" ORDER BY {', '.join(keys)}" if keys else ""

    @property
    def create_table(self) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name} "
            "(id TEXT PRIMARY KEY, version INTEGER NOT NULL, doc TEXT NOT NULL)"
        )

    def add_column(self, field: str) -> str:
        return (
            f'ALTER TABLE {self.name} ADD COLUMN "{field}" '
            f"GENERATED ALWAYS AS (json_extract(doc, '$.{field}')) VIRTUAL"
        )

    def create_index(self, index: Index) -> str:
        unique = "UNIQUE " if index.unique else ""
        fields = ", ".join(self.column(field) for field in index.fields)
        return f"CREATE {unique}INDEX {index.name} ON {self.name} ({fields}){self._partial(index)}"

    def _partial(self, index: Index) -> str:
        # Word for word as `where` has it: SQLite uses a partial index only for the same terms.
        terms = [f"{self.column(field)} {_literals(of)}" for field, of in (index.where or {}).items()]
        return f" WHERE {' AND '.join(terms)}" if terms else ""


def _literals(condition: Condition) -> str:
    """The values of a partial index's condition, which takes no parameters."""
    if condition is None:
        return "IS NULL"
    options = condition if isinstance(condition, tuple) else (condition,)
    if not all(isinstance(option, str) for option in options):
        raise TypeError("a partial index is about texts, or about nothing")
    texts = ", ".join(f"'{option}'" for option in options)
    return f"IN ({texts})" if isinstance(condition, tuple) else f"= {texts}"


TABLES: Final = {collection.name: TableSql(collection) for collection in COLLECTIONS}
"""By the collection's name."""
