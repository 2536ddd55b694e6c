"""What every list takes."""

from __future__ import annotations

from pydantic import Field

from services.base import Id, Model


class List(Model):
    """A part of a list: `cursor` is the `next_cursor` of the part before."""

    limit: int = Field(50, ge=1, le=200)
    cursor: Id | None = None
