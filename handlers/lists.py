"""What every list takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from services.base import Id, Model


class List(Model):
    """A part of a list: `cursor` is the `next_cursor` of the part before."""

    limit: int = Field(50, ge=1, le=200)
    cursor: Id | None = None


def _number(cursor: object) -> object:
    """A cursor is text on the wire."""
    return int(cursor) if isinstance(cursor, str) and cursor.isascii() and cursor.isdigit() else cursor


Number = Annotated[
    int,
    Field(ge=0, le=2**53),
    BeforeValidator(_number),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+$"}),
]


class Numbered(Model):
    """A part of a list that goes by a number: `cursor` is the `next_cursor` of the part before."""

    limit: int = Field(50, ge=1, le=200)
    cursor: Number | None = None
