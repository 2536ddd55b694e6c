"""Conditions and orders: as MongoDB's filters, and for documents that are written but not sent yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any, Final, TypeVar

from services.base import Document, rfc3339
from services.ports import Range, Scalar, Where

D = TypeVar("D", bound=Document)

Condition = Scalar | tuple[Scalar, ...] | Range

_SIDES: Final = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


def stored(scalar: Scalar) -> Any:
    """As a document has it: instants as text of fixed width, for BSON's dates end at milliseconds."""
    if isinstance(scalar, datetime):
        return rfc3339(scalar)
    return str(scalar) if isinstance(scalar, str) else scalar  # an enum's member is its text


def path(field: str) -> str:
    return "_id" if field == "id" else field


def filter_of(where: Where) -> dict[str, Any]:
    """A filter that finds what all conditions hold for. A missing field is null, as it is to SQLite."""
    return {path(field): _condition(condition) for field, condition in where.items()}


def _condition(condition: Condition) -> Any:
    if isinstance(condition, tuple):
        return {"$in": [stored(option) for option in condition]}
    if isinstance(condition, Range):
        return {f"${side}": stored(limit) for side, limit in _limits(condition)}
    return stored(condition)


def _limits(limits: Range) -> list[tuple[str, Scalar]]:
    given = [(side, limit) for side in _SIDES if (limit := getattr(limits, side)) is not None]
    if not given:
        raise ValueError("a range needs at least one side")
    return given


def sort_of(order: Iterable[str]) -> list[tuple[str, int]]:
    return [(path(key.removeprefix("-")), -1 if key.startswith("-") else 1) for key in order]


def value_of(document: Document, field: str) -> Any:
    """A field of a document as it is stored; null when a part of the way is null."""
    value: Any = document
    for name in field.split("."):
        value = getattr(value, name, None)
    return stored(value)


def matches(document: Document, where: Where) -> bool:
    """Do all conditions hold for it?"""
    return all(_holds(value_of(document, field), condition) for field, condition in where.items())


def _holds(value: Any, condition: Condition) -> bool:
    if isinstance(condition, tuple):
        return value in [stored(option) for option in condition]
    if isinstance(condition, Range):
        limits = _limits(condition)
        return value is not None and all(_SIDES[side](value, stored(limit)) for side, limit in limits)
    return bool(value == stored(condition))


def ordered(documents: list[D], order: Iterable[str]) -> list[D]:
    """Sorted as the server sorts: null first."""
    for key in reversed(tuple(order)):
        field = key.removeprefix("-")
        documents.sort(key=lambda one: _sort_key(value_of(one, field)), reverse=key.startswith("-"))
    return documents


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
