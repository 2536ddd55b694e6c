"""Lists in parts. Ids sort by time, so a cursor is the last id that was shown."""

from __future__ import annotations

from typing import TypeVar

from services.answers import Page
from services.base import Document
from services.ports import Range, Reads, Where

D = TypeVar("D", bound=Document)


async def page(collection: Reads[D], where: Where, *, limit: int, cursor: str | None) -> Page[D]:
    """The newest documents before the cursor, and the cursor of the next part."""
    before: Where = {"id": Range(lt=cursor)} if cursor else {}
    found = await collection.find({**where, **before}, order=("-id",), limit=limit + 1)
    return Page(items=found[:limit], next_cursor=found[limit - 1].id if len(found) > limit else None)


async def page_upwards(collection: Reads[D], where: Where, *, limit: int, cursor: str | None) -> Page[D]:
    """By id, for ids that people choose."""
    after: Where = {"id": Range(gt=cursor)} if cursor else {}
    found = await collection.find({**where, **after}, limit=limit + 1)
    return Page(items=found[:limit], next_cursor=found[limit - 1].id if len(found) > limit else None)
