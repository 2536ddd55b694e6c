"""One collection inside a transaction: what is written waits here until the transaction ends.

The server gets every write together, just before the commit. So a transaction holds nothing that
others want while its rules run, an error that is caught undoes a part of it (the server knows no such
part: its first error ends a transaction), and a command costs few trips.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeVar

from pymongo import DeleteOne, InsertOne, ReplaceOne

from hub.stores.mongo_collection import Heard, MongoReads
from hub.stores.mongo_query import filter_of, matches, ordered, value_of
from hub.stores.mongo_session import Calls
from hub.stores.mongo_unique import UniqueKeys
from services.base import Document
from services.errors import WriteConflict
from services.ports import Where

D = TypeVar("D", bound=Document)

Key = tuple[str, str]
"""A document: its collection and its id."""

INSERT: Final = "insert"
REPLACE: Final = "replace"
DELETE: Final = "delete"


class Running(Protocol):
    """The transaction, as its collections see it."""

    async def may_read(self, key: Key) -> None:
        """Called before a document is read by its id. Raises RuntimeError after the end."""

    def may_write(self) -> None: ...

    def saw(self, stamp: int) -> None:
        """A document was read that a transaction with this stamp has written."""

    def lost(self, key: Key) -> None:
        """Another transaction has changed this document first."""


class MongoWrites(MongoReads[D]):
    """Implements `services.ports.Writes`."""

    def __init__(self, running: Running, calls: Calls, collection: Any) -> None:
        super().__init__(calls, collection)
        self._running = running
        self.name: str = collection.name
        self.journal: list[tuple[str, D]] = []
        self._seen: dict[str, D | None] = {}  # by id, as of the transaction's start
        self._written: dict[str, D | None] = {}  # by id; none is deleted
        self._keys = UniqueKeys(self.name)

    # -- reading

    def _read(self, raw: Any) -> D:
        document, stamp = self._documents.read(raw)
        self._running.saw(stamp)
        self._seen[document.id] = document
        return document

    async def get(self, id: str, /) -> D | None:
        await self._running.may_read((self.name, id))
        for known in (self._written, self._seen):
            if id in known:
                return known[id]
        self._seen[id] = document = await super().get(id)
        return document

    async def find(
        self, where: Where, /, *, order: tuple[str, ...] = ("id",), limit: int | None = None
    ) -> list[D]:
        if not self._written:
            return await super().find(where, order=order, limit=limit)
        most = None if limit is None else limit + len(self._written)
        stored = await self._find(filter_of(where), order, most)
        unchanged = [one for one in stored if one.id not in self._written]
        return ordered([*unchanged, *self._own(where)], order)[:limit]

    def _own(self, where: Where) -> list[D]:
        """What this transaction has written and the conditions hold for."""
        return [one for one in self._written.values() if one is not None and matches(one, where)]

    def _unchanged(self, where: Where) -> dict[str, Any]:
        """A filter for what is stored and not written anew."""
        changed = [one.id for kind, one in self.journal if kind != INSERT]
        wanted = filter_of(where)
        return {"$and": [wanted, {"_id": {"$nin": changed}}]} if changed else wanted

    async def count(self, where: Where, /) -> int:
        return await self._sum(1, self._unchanged(where)) + len(self._own(where))

    async def sum(self, field: str, where: Where, /) -> int:
        stored = await self._sum(f"${field}", self._unchanged(where))
        return stored + sum(int(value_of(one, field)) for one in self._own(where))

    async def tally(self, by: tuple[str, ...], where: Where, /) -> Heard:
        counts = Counter(await self._tally(by, self._unchanged(where)))
        counts.update(tuple(value_of(one, field) for field in by) for one in self._own(where))
        return dict(counts)

    # -- writing

    async def insert(self, *documents: D) -> None:
        self._running.may_write()
        mark = len(self.journal)
        try:
            for document in documents:
                self._note(INSERT, document)
        except BaseException:
            self.undo(mark)
            raise

    async def replace(self, document: D, /) -> None:
        self._running.may_write()
        present = await self.get(document.id)
        if present is None or present.version != document.version - 1:
            self._running.lost((self.name, document.id))
            raise WriteConflict(f"{self.name} {document.id}")
        self._note(REPLACE, document)

    async def delete(self, id: str, /) -> bool:
        self._running.may_write()
        present = await self.get(id)
        if present is not None:
            self._note(DELETE, present)
        return present is not None

    def _note(self, kind: str, document: D) -> None:
        known = self._written if document.id in self._written else self._seen
        if kind == INSERT:
            self._keys.refuse_known(known.get(document.id))
        after = None if kind == DELETE else document
        self._keys.change(self._written.get(document.id), after)
        self._written[document.id] = after
        self.journal.append((kind, document))

    @property
    def only_inserts(self) -> bool:
        return all(kind == INSERT for kind, _ in self.journal)

    def undo(self, mark: int) -> None:
        """Take back what was written after the first `mark` writes."""
        kept = self.journal[:mark]
        self.journal, self._written, self._keys = [], {}, UniqueKeys(self.name)
        for kind, document in kept:
            self._note(kind, document)

    @property
    def first_key(self) -> Key:
        return self.name, self.journal[0][1].id

    def requests(self, stamp: int, *, namespace: str | None = None) -> Sequence[Any]:
        """The writes in their order, as the driver sends them; `namespace` when not to a collection."""
        made: list[Any] = []
        for kind, document in self.journal:
            if kind == INSERT:
                made.append(InsertOne(self._documents.write(document, stamp), namespace=namespace))
            elif kind == REPLACE:
                before = {"_id": document.id, "version": document.version - 1}
                made.append(ReplaceOne(before, self._documents.write(document, stamp), namespace=namespace))
            else:
                made.append(DeleteOne({"_id": document.id}, namespace=namespace))
        return made
