"""One collection in MongoDB, read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from bson.raw_bson import RawBSONDocument

from hub.stores.mongo_documents import DOCUMENTS, Documents, plain
from hub.stores.mongo_query import filter_of, path, sort_of
from hub.stores.mongo_session import Calls
from services.base import Document
from services.ports import Scalar, Where

D = TypeVar("D", bound=Document)

Filter = Mapping[str, Any]
Heard = dict[tuple[Scalar, ...], int]

EVERY: Final[Filter] = {}


class MongoReads(Generic[D]):
    """Implements `services.ports.Reads`. `collection` is the driver's, reading what a majority has."""

    def __init__(self, calls: Calls, collection: Any) -> None:
        self._calls = calls
        self._collection = collection
        self._documents: Documents[D] = DOCUMENTS[collection.name]

    def _read(self, raw: RawBSONDocument) -> D:
        return self._documents.read(raw)[0]

    async def get(self, id: str, /) -> D | None:
        raw = await self._calls.run(lambda session: self._collection.find_one({"_id": id}, session=session))
        return None if raw is None else self._read(raw)

    async def find(
        self, where: Where, /, *, order: tuple[str, ...] = ("id",), limit: int | None = None
    ) -> list[D]:
        return await self._find(filter_of(where), order, limit)

    async def _find(self, wanted: Filter, order: tuple[str, ...], limit: int | None) -> list[D]:
        if limit == 0:  # which is no limit to the server
            return []
        sort = sort_of(order) or None
        found = await self._calls.run(
            lambda session: self._collection.find(
                wanted, sort=sort, limit=limit or 0, session=session
            ).to_list(None)
        )
        return [self._read(raw) for raw in found]

    async def first(self, where: Where, /, *, order: tuple[str, ...] = ("id",)) -> D | None:
        found = await self.find(where, order=order, limit=1)
        return found[0] if found else None

    async def count(self, where: Where, /) -> int:
        return await self._sum(1, filter_of(where))

    async def sum(self, field: str, where: Where, /) -> int:
        return await self._sum(f"${path(field)}", filter_of(where))

    async def _sum(self, of: str | int, wanted: Filter) -> int:
        groups = await self._group({"_id": None, "sum": {"$sum": of}}, wanted)
        return int(groups[0]["sum"]) if groups else 0

    async def tally(self, by: tuple[str, ...], where: Where, /) -> Heard:
        return await self._tally(by, filter_of(where))

    async def _tally(self, by: tuple[str, ...], wanted: Filter) -> Heard:
        keys = {str(number): f"${path(field)}" for number, field in enumerate(by)}
        groups = await self._group({"_id": keys, "count": {"$sum": 1}}, wanted)
        return {tuple(group["_id"].get(key) for key in keys): group["count"] for group in groups}

    async def _group(self, group: Filter, wanted: Filter) -> list[dict[str, Any]]:
        pipeline = [{"$match": wanted}, {"$group": group}]
        found = await self._calls.run(
            lambda session: self._collection.aggregate(pipeline, session=session).to_list(None)
        )
        return [plain(raw) for raw in found]
