"""MongoDB as a source of a copy, while hubs run on it, and as a target, before one does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from typing import Any, Final, Self

import orjson
import pymongo
from pydantic import ValidationError
from pymongo.errors import BulkWriteError, PyMongoError

from hub.config import ConfigError
from hub.ids import SortableIds
from hub.stores import mongo_schema
from hub.stores.dump import (
    BATCH,
    BY_NAME,
    CONTENT,
    LOG,
    LOG_END,
    LOG_POSITIONS,
    Batches,
    DumpError,
    record_line,
    record_of,
    unknown_document,
)
from hub.stores.mongo import open_database
from hub.stores.mongo_documents import DOCUMENTS, RAW, plain
from hub.stores.mongo_lease import HubLease
from hub.stores.mongo_moment import CALL_S, one_moment
from hub.stores.mongo_numbers import HEAD
from hub.stores.mongo_outbox import FACTS_PER_DOCUMENT, copied, facts_of, numbered
from services.ports import LogRecord

LEASE: Final = "navswap restore"
UNCOPIED: Final = 0  # the stamp of a document that no transaction wrote

_WAITING: Final = [("stamp", 1), ("_id", 1)]


class MongoSource:
    """Implements `dump.Source` in a session whose every read is of one moment."""

    def __init__(self, database: Any, session: Any = None) -> None:
        self._database = database
        self._session = session

    @classmethod
    @asynccontextmanager
    async def open(cls, uri: str) -> AsyncIterator[Self]:
        """A snapshot. Raises ConfigError, SchemaError, DumpError."""
        async with open_database(uri) as database:
            await _check(database)
            async with one_moment(database) as session:
                yield cls(database, session)

    async def lines(self, section: str) -> AsyncIterator[list[bytes]]:
        try:
            async for batch in self._section(section):
                yield batch
        except PyMongoError as error:
            raise _failed("read", error) from error

    def _section(self, section: str) -> Batches:
        if section == LOG:
            return self._log()
        if section == LOG_POSITIONS:
            return self._positions()
        if section == LOG_END:
            return self._end()
        return self._documents(section)

    async def _documents(self, name: str) -> Batches:
        documents = DOCUMENTS[name]
        async for found in self._pages(self._database.get_collection(name, codec_options=RAW), "_id"):
            try:
                yield [documents.read(raw)[0].model_dump_json().encode() for raw in found]
            except ValidationError as error:
                raise unknown_document(name, error) from error

    async def _log(self) -> Batches:
        """What has its numbers, then what waits for them in the order in which it gets them."""
        outbox = self._database[mongo_schema.OUTBOX]
        async for found in self._pages(outbox, "last", {"last": {"$gt": 0}}, size=10):
            for document in found:
                yield _lines(numbered(facts_of(document), document["last"]))
        last = await self._head()
        for document in await self._waiting():
            last += document["count"]
            yield _lines(numbered(facts_of(document), last))

    async def _waiting(self) -> list[dict[str, Any]]:
        """A few: they have been committed a moment ago."""
        with pymongo.timeout(CALL_S):
            cursor = self._database[mongo_schema.OUTBOX].find(
                {"waiting": True}, sort=_WAITING, session=self._session
            )
            return [plain(raw) for raw in await cursor.to_list(None)]

    async def _positions(self) -> Batches:
        async for found in self._pages(self._database[mongo_schema.POSITIONS], "_id"):
            yield [orjson.dumps({"reader": one["_id"], "seq": one["seq"]}) for one in found]

    async def _end(self) -> Batches:
        last = await self._head() + sum(one["count"] for one in await self._waiting())
        if last:
            yield [orjson.dumps({"seq": last})]

    async def _head(self) -> int:
        with pymongo.timeout(CALL_S):
            raw = await self._database[mongo_schema.HEADS].find_one(HEAD, session=self._session)
        return 0 if raw is None else int(plain(raw)["seq"])

    async def _pages(
        self, collection: Any, key: str, where: Mapping[str, Any] | None = None, *, size: int = BATCH
    ) -> AsyncIterator[list[Any]]:
        """Documents in the order of an indexed field, a call for each page: none of them takes long."""
        cursor = collection.find(where or {}, sort=[(key, 1)], batch_size=size, session=self._session)
        try:
            while found := await _next(cursor, size):
                yield found
        finally:
            await cursor.close()


async def _next(cursor: Any, most: int) -> list[Any]:
    with pymongo.timeout(CALL_S):
        found: list[Any] = await cursor.to_list(most)
    return found


async def _check(database: Any) -> None:
    if await database.meta.find_one(mongo_schema.COPYING):
        raise DumpError(f"a restore or migration into the database {database.name} was not finished")
    if not await mongo_schema.version_of(database):
        raise DumpError(f"the database {database.name} has no records of a hub")


def _lines(records: Sequence[LogRecord]) -> list[bytes]:
    return [record_line(record) for record in records]


def _failed(what: str, error: PyMongoError) -> DumpError:
    """Its kind and code: a message may quote documents."""
    code = getattr(error, "code", None)
    return DumpError(f"MongoDB could not be {what}: {type(error).__name__} {code or ''}".rstrip())


class MongoTarget(MongoSource):
    """Implements `dump.Target`: a database that no hub opens before the marker in it is gone."""

    @classmethod
    @asynccontextmanager
    async def create(cls, uri: str, *, replace: bool) -> AsyncIterator[Self]:
        """Empty the database, and give it indexes and a version at the end.

        One with records is refused with DumpError unless `replace`. Killed at any moment, it is as it
        was, or marked: then no hub starts on it, and the next restore begins anew.
        """
        async with open_database(uri) as database, AsyncExitStack() as stack:
            try:
                await mongo_schema.version_of(database)
                await _refuse_full(database, replace=replace)
                await _hold(stack, database)
                await _empty(database)
                yield cls(database)
                await _finish(database)
            except PyMongoError as error:
                raise _failed("written", error) from error

    async def take(self, section: str, batches: Batches) -> None:
        async for lines in batches:
            with pymongo.timeout(CALL_S):
                await self._insert(section, lines)

    async def _insert(self, section: str, lines: Sequence[bytes]) -> None:
        collection = self._database[_COLLECTIONS.get(section, section)]
        try:
            await collection.insert_many(_documents(section, lines), ordered=False)
        except BulkWriteError as error:
            raise DumpError(f"MongoDB refused documents of {section}: {_first_code(error)}") from error


_COLLECTIONS: Final = {
    LOG: mongo_schema.OUTBOX,
    LOG_POSITIONS: mongo_schema.POSITIONS,
    LOG_END: mongo_schema.HEADS,
}


def _documents(section: str, lines: Sequence[bytes]) -> list[Any]:
    """The lines of a section as the store's documents."""
    if section == LOG:
        return [copied(records) for records in _runs([record_of(line) for line in lines])]
    if section == LOG_POSITIONS:
        return [{"_id": read["reader"], "seq": read["seq"]} for read in map(orjson.loads, lines)]
    if section == LOG_END:
        return [{**HEAD, "seq": orjson.loads(line)["seq"]} for line in lines]
    model, documents = BY_NAME[section].model, DOCUMENTS[section]
    return [documents.write(model.model_validate_json(line), UNCOPIED) for line in lines]


def _runs(records: Sequence[LogRecord]) -> list[list[LogRecord]]:
    """Records whose numbers follow each other, as many as a document of the outbox holds."""
    runs = [[records[0]]]
    for before, record in pairwise(records):
        if record.seq != before.seq + 1 or len(runs[-1]) >= FACTS_PER_DOCUMENT:
            runs.append([])
        runs[-1].append(record)
    return runs


def _first_code(error: BulkWriteError) -> str:
    faults = error.details.get("writeErrors") or [{}]
    return f"code {faults[0].get('code')}"


async def _refuse_full(database: Any, *, replace: bool) -> None:
    if replace or await database.meta.find_one(mongo_schema.COPYING):
        return
    for name in (*CONTENT, mongo_schema.OUTBOX):
        if await database[name].find_one({}) is not None:
            raise DumpError(f"the database {database.name} is not empty: there are {name}")


async def _hold(stack: AsyncExitStack, database: Any) -> None:
    """Be what a hub alone on this database would be; a running one is noticed by its beat."""
    lease = HubLease(database["meta"], LEASE, SortableIds()())
    try:
        await lease.take()
    except ConfigError as error:
        raise DumpError(f"a hub uses the database {database.name}: stop it first") from error
    stack.push_async_callback(lease.give_back)
    beating = asyncio.get_running_loop().create_task(lease.run())
    stack.callback(beating.cancel)


async def _empty(database: Any) -> None:
    """Mark it first: from here on it is nobody's until it is finished."""
    await database.meta.update_one(mongo_schema.COPYING, {"$set": {"by": LEASE}}, upsert=True)
    for name in mongo_schema.ALL:
        if name != "meta":
            with pymongo.timeout(CALL_S):
                await database[name].drop()


async def _finish(database: Any) -> None:
    """Indexes after the documents: it is quicker, and until then the server removes nothing by age."""
    await mongo_schema.prepare(database, copying=True)
    await database.meta.delete_one(mongo_schema.COPYING)
