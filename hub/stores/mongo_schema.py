"""Collections and indexes in MongoDB follow their declaration; schema versions as numbers.

`meta` says whose database it is and which version. Steps are for changes of documents; collections and
indexes are made at every start, and indexes that are declared differently now are made anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import pymongo
from pymongo import IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from hub.stores.mongo_documents import EXPIRES, plain
from hub.stores.mongo_query import path, stored
from hub.stores.retention import LONGEST_LOG
from hub.stores.schema import COLLECTIONS, Collection, Index
from hub.stores.schema.versions import SchemaError, newer

OWNER: Final = "navswap"
META: Final = {"_id": "schema"}
COPYING: Final = {"_id": "copying"}  # there while a restore or a migration fills the database
INDEX_S: Final = 600.0  # longest time to build the indexes of a large collection

OUTBOX: Final = "outbox"
POSITIONS: Final = "log_positions"
HEADS: Final = "log_heads"
ALL: Final = (*(one.name for one in COLLECTIONS), OUTBOX, POSITIONS, HEADS, "meta")

Step = Callable[[Any], Awaitable[None]]


async def _whole_network(_database: Any) -> None:
    """Documents got fields that earlier hubs refuse; what has them not means their defaults."""


STEPS: Final[tuple[Step, ...]] = (_whole_network,)
"""Step n brings a database from version n + 1 to n + 2: the first version needs none. Append only."""


async def prepare(database: Any, steps: Sequence[Step] = STEPS, *, copying: bool = False) -> None:
    """Bring a database to the present version. Raises SchemaError; `copying`: for who has filled it."""
    with pymongo.timeout(INDEX_S):
        if not copying and await database.meta.find_one(COPYING) is not None:
            raise SchemaError(
                f"A restore or migration into the database {database.name} was not finished. Run it again."
            )
        present = await _version(database)
        known = len(steps) + 1
        if present > known:
            raise newer(present, known)
        await _follow_declaration(database)
        for number, step in enumerate(steps[max(0, present - 1) :], max(1, present)):
            await step(database)
            await _note(database, number + 1)
        await _note(database, known)


async def _version(database: Any) -> int:
    """0 for a new database. Raises SchemaError when it is somebody else's."""
    raw = await database.meta.find_one(META)
    if raw is not None:
        return int(plain(raw)["version"])
    foreign = sorted(set(await database.list_collection_names()) & set(ALL))
    if foreign and not await database.meta.find_one(COPYING):
        raise SchemaError(
            f"The database {database.name} has collections of another program ({', '.join(foreign)}). "
            "Name another database in MONGODB_URI."
        )
    await _note(database, 1)
    return 1


async def _note(database: Any, version: int) -> None:
    """Two hubs may start together: the number only grows."""
    await database.meta.update_one(
        META, {"$max": {"version": version}, "$set": {"owner": OWNER}}, upsert=True
    )


async def version_of(database: Any) -> int:
    """The database's version, 0 for one that no hub has used. Raises SchemaError for a newer one."""
    raw = await database.meta.find_one(META)
    present = 0 if raw is None else int(plain(raw)["version"])
    if present > len(STEPS) + 1:
        raise newer(present, len(STEPS) + 1)
    return present


async def _follow_declaration(database: Any) -> None:
    present = set(await database.list_collection_names())
    for name in ALL:
        if name not in present and not INDEXES.get(name):  # else its first index makes it
            await _create(database, name)
    for name, wanted in INDEXES.items():
        made = await database[name].index_information() if name in present else {}
        await _follow_indexes(database[name], made, wanted)


async def _create(database: Any, name: str) -> None:
    try:
        await database.create_collection(name)
    except (CollectionInvalid, OperationFailure) as error:  # another hub that starts was faster
        if isinstance(error, OperationFailure) and error.code != 48:
            raise


async def _follow_indexes(collection: Any, present: Mapping[str, Any], wanted: Iterable[IndexModel]) -> None:
    missing = []
    for model in wanted:
        made = present.get(model.document["name"])
        if made is None or _differs(made, model.document):
            missing.append(model)
            if made is not None:
                await collection.drop_index(model.document["name"])
    if missing:
        await _make(collection, missing)


async def _make(collection: Any, missing: list[IndexModel]) -> None:
    try:
        await collection.create_indexes(missing)
    except OperationFailure as error:
        if error.code != 11000:
            raise
        raise SchemaError(f"The data breaks the rule of a unique index: {error.details}.") from error


def _differs(made: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    options = ("unique", "partialFilterExpression", "expireAfterSeconds")
    return list(dict(made["key"]).items()) != list(dict(wanted["key"]).items()) or any(
        _plain(made.get(option)) != _plain(wanted.get(option)) for option in options
    )


def _plain(option: Any) -> Any:
    return dict(option) if isinstance(option, Mapping) else option or None


def indexes_of(collection: Collection[Any]) -> list[IndexModel]:
    """The indexes of a collection, and the one by which the server removes what has expired."""
    models = [_model(index) for index in collection.indexes]
    if collection.expires:
        models.append(IndexModel([(EXPIRES, 1)], name=f"{collection.name}_ttl", expireAfterSeconds=0))
    return models


def _model(index: Index) -> IndexModel:
    options: dict[str, Any] = {"name": index.name}
    if index.unique:
        options["unique"] = True
    if index.where:
        options["partialFilterExpression"] = {
            path(field): _partial(condition) for field, condition in index.where.items()
        }
    return IndexModel([(path(field), 1) for field in index.fields], **options)


def _partial(condition: Any) -> Any:
    if isinstance(condition, tuple):
        return {"$in": [stored(option) for option in condition]}
    return stored(condition)


_OF_OUTBOX: Final = (
    IndexModel([("last", 1)], name="outbox_last", partialFilterExpression={"last": {"$gt": 0}}),
    IndexModel(
        [("waiting", 1), ("stamp", 1)], name="outbox_waiting", partialFilterExpression={"waiting": True}
    ),
    IndexModel([("at", 1)], name="outbox_ttl", expireAfterSeconds=int(LONGEST_LOG.total_seconds())),
)

INDEXES: Final[dict[str, Sequence[IndexModel]]] = {
    **{collection.name: indexes_of(collection) for collection in COLLECTIONS},
    OUTBOX: _OF_OUTBOX,
}
"""By the collection's name."""
