"""Conditions and orders of the ports, as SQL over JSON documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hub.stores.schema import Collection, Index
from services.base import Document, rfc3339
from services.ports import Range, Scalar, Where

SqlValue = str | int | float | None

_COMPARISONS = (("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<="))


def column(field: str) -> str:
    """The SQL expression of a field; indexes are made of the same text, so that they are used."""
    return field if field in ("id", "version") else f"json_extract(doc, '$.{field}')"


def value(scalar: Scalar) -> SqlValue:
    """As the document's JSON has it: fixed-width instants, text of enums, 0 and 1."""
    if isinstance(scalar, datetime):
        return rfc3339(scalar)
    if isinstance(scalar, str):
        return str(scalar)  # an enum's member is its text
    return int(scalar) if isinstance(scalar, bool) else scalar


def where_clause(where: Where) -> tuple[str, list[SqlValue]]:
    """` WHERE ...` and its parameters; empty for no condition."""
    terms: list[str] = []
    parameters: list[SqlValue] = []
    for field, condition in where.items():
        term, values = _term(column(field), condition)
        terms.append(term)
        parameters += values
    return (f" WHERE {' AND '.join(terms)}" if terms else ""), parameters


def _term(name: str, condition: Scalar | tuple[Scalar, ...] | Range) -> tuple[str, list[SqlValue]]:
    if isinstance(condition, Range):
        sides = [(sign, getattr(condition, side)) for side, sign in _COMPARISONS]
        given = [(sign, value(limit)) for sign, limit in sides if limit is not None]
        return " AND ".join(f"{name} {sign} ?" for sign, _ in given), [limit for _, limit in given]
    if isinstance(condition, tuple):
        return f"{name} IN ({', '.join('?' * len(condition))})", [value(one) for one in condition]
    return (f"{name} IS NULL", []) if condition is None else (f"{name} = ?", [value(condition)])


def order_clause(order: Iterable[str]) -> str:
    keys = [f"{column(key.removeprefix('-'))}{' DESC' if key.startswith('-') else ''}" for key in order]
    return f" ORDER BY {', '.join(keys)}" if keys else ""


def create_statements(collection: Collection[Document]) -> list[str]:
    """The table and the indexes of a collection."""
    table = (
        f"CREATE TABLE IF NOT EXISTS {collection.name} "
        "(id TEXT PRIMARY KEY, version INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID"
    )
    return [table, *(_index(collection.name, index) for index in collection.indexes)]


def _index(table: str, index: Index) -> str:
    unique = "UNIQUE " if index.unique else ""
    fields = ", ".join(column(field) for field in index.fields)
    partial = f" WHERE {' AND '.join(_literal(*item) for item in index.where.items())}" if index.where else ""
    return f"CREATE {unique}INDEX IF NOT EXISTS {index.name} ON {table} ({fields}){partial}"


def _literal(field: str, condition: Scalar | tuple[Scalar, ...] | Range) -> str:
    """A condition of a partial index, which takes no parameters."""
    if isinstance(condition, Range):
        raise TypeError("a partial index cannot have a range")
    options = condition if isinstance(condition, tuple) else (condition,)
    return f"{column(field)} IN ({', '.join(repr(str(value(option))) for option in options)})"
