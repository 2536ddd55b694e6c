"""Records in MongoDB: snapshots and transactions over every collection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, cast

from hub.stores.mongo_collection import MongoReads
from hub.stores.mongo_commit import Commits
from hub.stores.mongo_lanes import Lanes
from hub.stores.mongo_session import InTransaction, Outside, Sessions
from hub.stores.mongo_stamps import Stamps
from hub.stores.mongo_transaction import MongoTransaction
from services.base import Ids
from services.errors import WriteConflict
from services.ports import Snapshot, Transaction


class MongoSnapshot:
    """Implements `services.ports.Snapshot`."""

    def __init__(self, collections: dict[str, Any]) -> None:
        for name, collection in collections.items():
            setattr(self, name, MongoReads(Outside(), collection))


class MongoRecords:
    """Implements `services.ports.Records`. `on_stale` hears of a step after a commit that has failed."""

    def __init__(
        self, collections: dict[str, Any], sessions: Sessions, commits: Commits, stamps: Stamps, ids: Ids
    ) -> None:
        """`may_begin` raises Unavailable while this hub must not change anything."""
        self.now = cast("Snapshot", MongoSnapshot(collections))
        self.may_begin: Callable[[], None] = lambda: None
        self._collections = collections
        self._sessions = sessions
        self._commits = commits
        self._stamps = stamps
        self._ids = ids
        self._lanes = Lanes()
        self._current: ContextVar[MongoTransaction | None] = ContextVar("transaction", default=None)

    @property
    def on_stale(self) -> Callable[[], None]:
        return self._commits.on_stale

    @on_stale.setter
    def on_stale(self, listener: Callable[[], None]) -> None:
        self._commits.on_stale = listener

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        running = self._current.get()
        if running is not None and running.is_own:
            with running.inner() as tx:
                yield tx
            return
        self.may_begin()
        own = self._begin()
        try:
            await self._take_turn(own)
            async with self._block(own) as tx:
                yield tx
            await self._commits.end(own)
            self._lanes.lost(None)
        except WriteConflict:
            self._lanes.lost(own.contended)
            raise
        finally:
            own.leave()

    def _begin(self) -> MongoTransaction:
        return MongoTransaction(
            self._ids(),
            InTransaction(self._sessions),
            collections=self._collections,
            lanes=self._lanes,
            stamps=self._stamps,
        )

    async def _take_turn(self, own: MongoTransaction) -> None:
        wanted = self._lanes.wanted
        if wanted is not None:
            await own.queue_for(wanted)

    @asynccontextmanager
    async def _block(self, own: MongoTransaction) -> AsyncIterator[Transaction]:
        """The caller's part: an error undoes everything."""
        before = self._current.set(own)
        try:
            yield cast("Transaction", own)
        except BaseException:
            own.calls.abort()
            raise
        finally:
            own.ended = True
            self._current.reset(before)
