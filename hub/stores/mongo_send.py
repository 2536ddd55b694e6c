"""Sends what a transaction has written: in one call where the server takes it (MongoDB 8.0), else in one
for each collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from pymongo import InsertOne

from hub.stores.mongo_schema import OUTBOX
from hub.stores.mongo_transaction import MongoTransaction
from services.errors import WriteConflict

BULK_WIRE: Final = 25  # MongoDB 8.0 has the command `bulkWrite`

Entries = Sequence[dict[str, Any]]


class Send(Protocol):
    """Raises WriteConflict, DuplicateKey, Unavailable."""

    async def __call__(self, tx: MongoTransaction, stamp: int, entries: Entries) -> None:
        """Send every write of the transaction, and these entries for the outbox."""
        ...


class SendByCollection:
    """Those first where others may have been faster."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def __call__(self, tx: MongoTransaction, stamp: int, entries: Entries) -> None:
        for writes in tx.writes:
            tx.lost(writes.first_key)  # if it fails here
            await self._send(tx, writes.name, writes.requests(stamp))
        if entries:
            await self._send(tx, OUTBOX, [InsertOne(entry) for entry in entries])

    async def _send(self, tx: MongoTransaction, name: str, requests: Sequence[Any]) -> None:
        target = self._database[name]
        sent = await tx.calls.run(lambda session: target.bulk_write(requests, session=session))
        _check(sent, requests)


class SendTogether:
    """One call for everything; not for a transaction's first, which not every server takes."""

    def __init__(self, client: Any, database: Any) -> None:
        self._client = client
        self._database = database
        self._by_collection = SendByCollection(database)

    async def __call__(self, tx: MongoTransaction, stamp: int, entries: Entries) -> None:
        if not tx.calls.has_begun:
            await self._by_collection(tx, stamp, entries)
            return
        requests = [
            request
            for writes in tx.writes
            for request in writes.requests(stamp, namespace=self._namespace(writes.name))
        ]
        requests += [InsertOne(entry, namespace=self._namespace(OUTBOX)) for entry in entries]
        for writes in tx.writes[:1]:
            tx.lost(writes.first_key)  # if it fails
        sent = await tx.calls.run(lambda session: self._client.bulk_write(requests, session=session))
        _check(sent, requests)

    def _namespace(self, collection: str) -> str:
        return f"{self._database.name}.{collection}"


def _check(sent: Any, requests: Sequence[Any]) -> None:
    if sent.inserted_count + sent.matched_count + sent.deleted_count != len(requests):
        raise WriteConflict("a document is not as it was read")
