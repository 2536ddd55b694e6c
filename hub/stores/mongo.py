"""The store of several hubs: records and event log in a MongoDB replica set. Motor is used here alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from hub.config import ConfigError
from hub.ids import SortableIds
from hub.stores import mongo_schema
from hub.stores.mongo_commit import Commits
from hub.stores.mongo_documents import RAW
from hub.stores.mongo_lease import HubLease
from hub.stores.mongo_log import MongoLog
from hub.stores.mongo_numbers import Numbers
from hub.stores.mongo_outbox import Outbox
from hub.stores.mongo_prune import prune
from hub.stores.mongo_records import MongoRecords
from hub.stores.mongo_session import Sessions
from hub.stores.mongo_stamps import Stamps
from hub.stores.mongo_watch import watch
from hub.stores.schema import COLLECTIONS
from services.base import Clock, Ids
from services.errors import Unavailable

SETTING: Final = "MONGODB_URI"
DATABASE: Final = "navswap"  # when the URI names none
OLDEST_WIRE: Final = 17  # MongoDB 6.0: partial indexes with $in

_OPTIONS: Final[dict[str, Any]] = {
    "appname": "navswap",
    "timeoutMS": 5000,  # of every call, the driver's own retries included
    "serverSelectionTimeoutMS": 3000,
    "connectTimeoutMS": 2000,
    "maxPoolSize": 32,
    "waitQueueTimeoutMS": 3000,
    "retryWrites": True,
    "retryReads": True,
    "tz_aware": True,
}
"""What a URI says itself comes first."""


@dataclass(frozen=True, slots=True)
class MongoStore:
    """Records and log of one database."""

    records: MongoRecords
    log: MongoLog
    database: Any
    clock: Clock

    @classmethod
    @asynccontextmanager
    async def open(cls, uri: str, *, clock: Clock, alone_as: str | None = None) -> AsyncIterator[MongoStore]:
        """Open or create the database that the URI names, else `navswap`.

        `alone_as` names this hub and makes sure that no other one uses the database meanwhile; with
        none, others may. Raises ConfigError for a server that cannot be used, SchemaError for a database.
        """
        async with AsyncExitStack() as stack:
            client = _client(uri)
            stack.callback(client.close)
            database = await _database(client)
            await mongo_schema.prepare(database)
            store, sessions, commits = _wire(cls, client, database, clock, SortableIds())
            stack.push_async_callback(sessions.close)
            if alone_as is not None:
                await _hold(stack, store, HubLease(database["meta"], alone_as, SortableIds()()))
            await store.log.refresh()
            stack.push_async_callback(_stop, _start(store.log.numbering.run()))
            if alone_as is None:
                heads = database[mongo_schema.HEADS]
                stack.push_async_callback(_stop, _start(watch(heads, store.log.refresh)))
            stack.push_async_callback(_finish, store.log, commits)
            yield store

    async def prune(self) -> dict[str, int]:
        """Delete expired answers and old log records; answers how many documents."""
        return await prune(self.database, self.clock())


@asynccontextmanager
async def open_database(uri: str) -> AsyncIterator[Any]:
    """The driver's database as it is: for what copies all of it. Raises ConfigError."""
    client = _client(uri)
    try:
        yield await _database(client)
    finally:
        client.close()


def _client(uri: str) -> Any:
    try:
        return AsyncIOMotorClient(uri, **_OPTIONS)
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise ConfigError(SETTING, f"cannot be read: {error}") from error


async def _database(client: Any) -> Any:
    """The database, once its server has said that it keeps transactions."""
    try:
        hello = await client.admin.command("hello")
    except OperationFailure as error:
        raise ConfigError(SETTING, f"the server refuses this user (code {error.code})") from error
    except PyMongoError as error:
        raise ConfigError(SETTING, "no server answers there") from error
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise ConfigError(
            SETTING,
            "the server is no replica set, so it has no transactions; start it with --replSet and run "
            "rs.initiate() once, a set of one will do",
        )
    if hello.get("maxWireVersion", 0) < OLDEST_WIRE:
        raise ConfigError(SETTING, "the server is too old; MongoDB 6.0 is the oldest that will do")
    return client.get_default_database(
        DATABASE, read_concern=ReadConcern("majority"), write_concern=WriteConcern(w="majority")
    )


def _wire(
    cls: type[MongoStore], client: Any, database: Any, clock: Clock, ids: Ids
) -> tuple[MongoStore, Sessions, Commits]:
    raw = {one.name: database.get_collection(one.name, codec_options=RAW) for one in COLLECTIONS}
    sessions, stamps = Sessions(client), Stamps(clock)
    outbox = Outbox(database[mongo_schema.OUTBOX])
    numbers = Numbers(sessions, outbox.collection, database[mongo_schema.HEADS])
    log = MongoLog(numbers, outbox, database[mongo_schema.POSITIONS])
    outbox.ready = log.numbering.add
    commits = Commits(raw, outbox, stamps)
    records = MongoRecords(raw, sessions, commits, stamps, ids)
    return cls(records, log, database, clock), sessions, commits


async def _hold(stack: AsyncExitStack, store: MongoStore, lease: HubLease) -> None:
    """Be alone: then whatever waits for numbers was left by a hub that is gone."""
    await lease.take()
    stack.push_async_callback(_give_back, lease)
    stack.push_async_callback(_stop, _start(lease.run()))
    store.records.may_begin = lease.check
    await store.log.numbering.adopt()


def _start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(work)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _finish(log: MongoLog, commits: Commits) -> None:
    """What is being committed ends, and gets its numbers; if not now, then by the next hub."""
    await commits.close()
    with suppress(Unavailable):
        await log.numbering.caught_up()


async def _give_back(lease: HubLease) -> None:
    with suppress(Unavailable):
        await lease.give_back()
