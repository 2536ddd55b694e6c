"""The store of several hubs: records and event log in a MongoDB replica set. Motor is used here alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import structlog
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from hub.config import ConfigError
from hub.ids import SortableIds
from hub.stores import mongo_schema
from hub.stores.mongo_commit import Commits
from hub.stores.mongo_documents import RAW
from hub.stores.mongo_lease import HubLease
from hub.stores.mongo_log import MongoLog
from hub.stores.mongo_numbers import Numbers
from hub.stores.mongo_outbox import Outbox
from hub.stores.mongo_presence import Presence
from hub.stores.mongo_prune import prune
from hub.stores.mongo_records import MongoRecords
from hub.stores.mongo_schema import HEADS, OUTBOX, POSITIONS
from hub.stores.mongo_send import BULK_WIRE, SendByCollection, SendTogether
from hub.stores.mongo_session import MAJORITY, Sessions
from hub.stores.mongo_stamps import Stamps
from hub.stores.mongo_watch import watch
from hub.stores.schema import COLLECTIONS
from services.base import Clock
from services.errors import Unavailable

_log: Any = structlog.get_logger("hub.stores")

SETTING: Final = "MONGODB_URI"
DATABASE: Final = "navswap"  # when the URI names none
TRANSACTIONS: Final = 8  # at once
META: Final = "meta"
PAUSE_S: Final = 1.0
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
    async def open(
        cls, uri: str, *, clock: Clock, alone_as: str | None = None, newest_wire: int = BULK_WIRE
    ) -> AsyncIterator[MongoStore]:
        """Open or create the database that the URI names, else `navswap`.

        `alone_as` names this hub and makes sure that no other one uses the database meanwhile; with none,
        others may. What a server of a later wire version than `newest_wire` can do is not used. Raises
        ConfigError for a server that cannot be used, SchemaError for a database.
        """
        async with AsyncExitStack() as stack:
            client = _client(uri)
            stack.callback(client.close)
            wire = min(newest_wire, await _checked(client))
            database = _database(client)
            await _prepare(database)
            presence = Presence(database, SortableIds()())
            await stack.enter_async_context(_present(presence))
            sessions = await stack.enter_async_context(_sessions(client, TRANSACTIONS, presence))
            numbering = await stack.enter_async_context(_sessions(client, 1, presence))
            outbox = Outbox(database[OUTBOX])
            numbers = Numbers(numbering, outbox.collection, database[HEADS])
            log = MongoLog(numbers, outbox, database[POSITIONS])
            outbox.ready = log.numbering.add
            send = SendTogether(client, database) if wire >= BULK_WIRE else SendByCollection(database)
            commits = Commits(send, outbox, stamps := Stamps(clock))
            records = MongoRecords(_collections(database), sessions, commits, stamps, SortableIds())
            if alone_as is not None:
                lease = HubLease(database[META], alone_as, SortableIds()())
                records.may_begin = lease.check
                await stack.enter_async_context(_held(lease))
                await presence.end_others()
                await log.numbering.adopt()
            await stack.enter_async_context(_following(log, database[HEADS], shared=alone_as is None))
            stack.push_async_callback(_finish, log, commits)
            yield cls(records, log, database, clock)

    async def prune(self) -> dict[str, int]:
        """Delete expired answers and old log records; answers how many documents."""
        return await prune(self.database, self.clock())


@asynccontextmanager
async def open_database(uri: str) -> AsyncIterator[Any]:
    """The driver's database as it is: for what copies all of it. Raises ConfigError."""
    client = _client(uri)
    try:
        await _checked(client)
        yield _database(client)
    finally:
        client.close()


def _client(uri: str) -> Any:
    try:
        said = {key.lower() for key, _ in parse_qsl(urlsplit(uri).query)}
        ours = {key: value for key, value in _OPTIONS.items() if key.lower() not in said}
        return AsyncIOMotorClient(uri, **ours)
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise ConfigError(SETTING, f"cannot be read: {error}") from error


async def _checked(client: Any) -> int:
    """The wire version of a server that keeps transactions. Raises ConfigError for any other."""
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
    wire = int(hello.get("maxWireVersion", 0))
    if wire < OLDEST_WIRE:
        raise ConfigError(SETTING, "the server is too old; MongoDB 6.0 is the oldest that will do")
    return wire


async def _prepare(database: Any) -> None:
    try:
        await mongo_schema.prepare(database)
    except PyMongoError as error:
        raise ConfigError(SETTING, f"the server does not let the database be prepared: {error}") from error


def _database(client: Any) -> Any:
    return client.get_default_database(DATABASE, read_concern=ReadConcern("majority"), write_concern=MAJORITY)


def _collections(database: Any) -> dict[str, Any]:
    return {one.name: database.get_collection(one.name, codec_options=RAW) for one in COLLECTIONS}


@asynccontextmanager
async def _present(presence: Presence) -> AsyncIterator[None]:
    async with _running(presence.run):
        yield
    with suppress(Unavailable):
        await presence.leave()


@asynccontextmanager
async def _sessions(client: Any, most: int, presence: Presence) -> AsyncIterator[Sessions]:
    sessions = Sessions(client, most=most, note=presence.note)
    try:
        yield sessions
    finally:
        await sessions.close()


async def _keep(work: Callable[[], Awaitable[None]]) -> None:
    """Run it again when it fails: what it does is needed as long as the store is open."""
    while True:
        try:
            await work()
        except Exception:
            _log.exception("a task of the store failed, beginning it again")
            await asyncio.sleep(PAUSE_S)
        else:
            return


@asynccontextmanager
async def _running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Tasks as long as the block."""
    tasks = [asyncio.get_running_loop().create_task(_keep(work)) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _held(lease: HubLease) -> AsyncIterator[None]:
    await lease.take()
    async with _running(lease.run):
        yield
    with suppress(Unavailable):
        await lease.give_back()


@asynccontextmanager
async def _following(log: MongoLog, heads: Any, *, shared: bool) -> AsyncIterator[None]:
    """Numbers are given, and those heard of that other hubs give."""
    await log.refresh()
    others = (partial(watch, heads, log.refresh),) if shared else ()
    async with _running(log.numbering.run, *others):
        yield


async def _finish(log: MongoLog, commits: Commits) -> None:
    """What is being committed ends, and gets its numbers; if not now, then by the next hub."""
    await commits.close()
    with suppress(Unavailable):
        await log.numbering.caught_up()
