"""One transaction as the rules use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from hub.stores.after_commit import Step
from hub.stores.mongo_lanes import Lanes
from hub.stores.mongo_session import InTransaction
from hub.stores.mongo_stamps import Stamps
from hub.stores.mongo_writes import Key, MongoWrites
from hub.stores.schema import COLLECTIONS
from services.events import Fact
from services.ports import Transaction


class MongoTransaction:
    """Implements `services.ports.Transaction`."""

    def __init__(
        self,
        id: str,
        calls: InTransaction,
        *,
        collections: Mapping[str, Any],
        lanes: Lanes,
        stamps: Stamps,
    ) -> None:
        self.id = id
        self.calls = calls
        self.facts: list[Fact] = []
        self.steps: list[Step] = []
        self.ended = False
        self.unwanted = False  # its caller is gone: it is not committed any more
        self.contended: Key | None = None  # the document that it fights for
        self._task = asyncio.current_task()
        self._collections = collections
        self._lanes = lanes
        self._stamps = stamps
        self._used: dict[str, MongoWrites[Any]] = {}
        self._leave: Callable[[], None] | None = None

    def __getattr__(self, name: str) -> MongoWrites[Any]:
        """A collection, made when first asked for: a transaction uses few of them."""
        if name not in self._collections:
            raise AttributeError(name)
        writes: MongoWrites[Any] = MongoWrites(self, self.calls, self._collections[name])
        self._used[name] = writes
        setattr(self, name, writes)
        return writes

    # -- as the rules see it

    def log(self, *facts: Fact) -> None:
        self.may_write()
        self.facts += facts

    def after_commit(self, step: Step, /) -> None:
        self.may_write()
        self.steps.append(step)

    # -- as its collections see it

    async def may_read(self, key: Key) -> None:
        self.may_write()
        if self.calls.has_run or self._leave is not None:
            return
        await self.calls.take_turn()
        if self._lanes.is_busy(key):
            self.calls.abort()  # nobody waits in a lane and holds up others
            await self.queue_for(key)

    def may_write(self) -> None:
        if self.ended:
            raise RuntimeError("the transaction has ended")

    def saw(self, stamp: int) -> None:
        self._stamps.saw(stamp)

    def lost(self, key: Key) -> None:
        self.contended = key

    # -- as its store sees it

    @property
    def is_own(self) -> bool:
        """Is it running, and in this task? A task started inside inherits the variable, not the turn."""
        return not self.ended and self._task is asyncio.current_task()

    @property
    def writes(self) -> list[MongoWrites[Any]]:
        """The collections that it has written: first those where others may have been faster."""
        used = [self._used[one.name] for one in COLLECTIONS if one.name in self._used]
        return sorted((one for one in used if one.journal), key=lambda one: one.only_inserts)

    async def queue_for(self, key: Key) -> None:
        """Wait behind those of this process who want the same document."""
        self._leave = await self._lanes.enter(key)

    def leave(self) -> None:
        """Let the next one have the turn, if there was one."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    @contextmanager
    def inner(self) -> Iterator[Transaction]:
        """A block inside the block: an error that is caught outside of it undoes it alone."""
        facts, steps = len(self.facts), len(self.steps)
        marks = {name: len(used.journal) for name, used in self._used.items()}
        try:
            yield cast("Transaction", self)
        except BaseException:
            del self.facts[facts:], self.steps[steps:]
            for name, used in self._used.items():
                used.undo(marks.get(name, 0))
            raise
