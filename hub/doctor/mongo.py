"""Is MongoDB there, quick, a replica set, and does its clock agree?"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any, Final

from pymongo.errors import PyMongoError

from hub.clock import utc_now
from hub.config import ConfigError
from hub.doctor.clocks import clock_of
from hub.doctor.finding import Finding, fail, ok, warn
from hub.stores import mongo_schema
from hub.stores.mongo import MongoStore, open_database
from hub.stores.schema.versions import SchemaError
from services.ports import Records

SLOW_MS: Final = 20.0

Look = Callable[[Records], Awaitable[list[Finding]]]


async def mongo_works(uri: str, look: Look) -> list[Finding]:
    """The server, then the database; `look` is given its records when a hub may use them as they are."""
    try:
        async with open_database(uri) as database:
            findings = await _server(database)
            findings.append(await _database(database))
            usable = await _is_present(database)
        if usable:
            async with MongoStore.open(uri, clock=utc_now) as store:
                findings += await look(store.records)
    except ConfigError as error:
        return [fail("records", str(error), f"put {error.setting} right")]
    except SchemaError as error:
        return [fail("records", str(error), "start the hub that wrote them, or restore a backup")]
    except PyMongoError as error:
        found = f"{type(error).__name__} {getattr(error, 'code', '') or ''}".rstrip()
        return [fail("records", f"MongoDB: {found}", "look at the server's own log")]
    return findings


async def _server(database: Any) -> list[Finding]:
    began, asked_at = time.perf_counter(), utc_now()
    hello = await database.client.admin.command("hello")
    took_ms, answered_at = (time.perf_counter() - began) * 1000, utc_now()
    theirs = hello["localTime"].replace(tzinfo=UTC)  # a command's answer has no zone
    return [_reached(hello, took_ms), clock_of("mongodb", theirs, asked_at, answered_at)]


def _reached(hello: dict[str, Any], took_ms: float) -> Finding:
    kind = f"replica set {hello['setName']} of {len(hello['hosts'])}" if "setName" in hello else "sharded"
    found = f"{kind}, answers in {took_ms:.1f} ms"
    if took_ms > SLOW_MS:
        return warn("mongodb", found, "each call of a command waits that long: a nearer server")
    if len(hello.get("hosts", ())) == 1:
        return warn("mongodb", found, "three members, so that the records outlive a machine")
    return ok("mongodb", found)


async def _database(database: Any) -> Finding:
    present = await mongo_schema.version_of(database)
    known = len(mongo_schema.STEPS) + 1
    if await database.meta.find_one(mongo_schema.COPYING):
        return fail("records", "a restore or migration was not finished", "run it again")
    if not present:
        return ok("records", f"the database {database.name} is new; made at the first start")
    if present < known:
        advice = "take a backup, then start this hub: it brings them up to date"
        return warn("records", f"schema {present}, this hub has {known}", advice)
    return ok("records", f"database {database.name}, schema {present}")


async def _is_present(database: Any) -> bool:
    """Only then: opening it in any other case would change it."""
    present = await mongo_schema.version_of(database) == len(mongo_schema.STEPS) + 1
    return present and await database.meta.find_one(mongo_schema.COPYING) is None
