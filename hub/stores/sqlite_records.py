"""Records in SQLite: snapshots and transactions over every collection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, cast

import structlog

from hub.stores import sqlite_log
from hub.stores.after_commit import Step, run_steps
from hub.stores.sqlite_collection import SqliteReads, SqliteWrites
from hub.stores.sqlite_log import SqliteLog
from hub.stores.sqlite_session import Session, WriteSession
from hub.stores.sqlite_sql import TABLES
from hub.stores.sqlite_writer import SqliteWriter
from services.events import Fact
from services.ports import Snapshot, Transaction

_log: Any = structlog.get_logger("hub.stores")


class SqliteSnapshot:
    """Implements `services.ports.Snapshot`."""

    def __init__(self, session: Session) -> None:
        for name, table in TABLES.items():
            setattr(self, name, SqliteReads(session, table))


class SqliteTransaction:
    """Implements `services.ports.Transaction`."""

    def __init__(self, session: WriteSession) -> None:
        self.session = session
        self.task = asyncio.current_task()
        self.facts: list[Fact] = []
        self.steps: list[Step] = []

    def __getattr__(self, name: str) -> SqliteWrites[Any]:
        """A collection, made when first asked for: a transaction uses few of them."""
        if name not in TABLES:
            raise AttributeError(name)
        writes: SqliteWrites[Any] = SqliteWrites(self.session, TABLES[name])
        setattr(self, name, writes)
        return writes

    def log(self, *facts: Fact) -> None:
        self.facts += facts

    def after_commit(self, step: Step, /) -> None:
        self.steps.append(step)

    @property
    def is_own(self) -> bool:
        """Is it running, and in this task? A task started inside inherits the variable, not the turn."""
        return not self.session.ended and self.task is asyncio.current_task()

    @asynccontextmanager
    async def inner(self) -> AsyncIterator[Transaction]:
        """A block inside the block: a savepoint, so that an error caught outside of it undoes it alone."""
        facts, steps = len(self.facts), len(self.steps)
        self.session.run("SAVEPOINT inner_block")
        try:
            yield cast("Transaction", self)
        except BaseException:
            del self.facts[facts:], self.steps[steps:]
            self.session.undo("inner_block")
            raise
        self.session.run("RELEASE inner_block")


class SqliteRecords:
    """Implements `services.ports.Records`. `on_stale` hears of a step after a commit that has failed."""

    def __init__(self, reading: Session, writer: SqliteWriter, log: SqliteLog) -> None:
        self.now = cast("Snapshot", SqliteSnapshot(reading))
        self.on_stale: Callable[[], None] = lambda: None
        self._writer = writer
        self._log = log
        self._current: ContextVar[SqliteTransaction | None] = ContextVar("transaction", default=None)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        running = self._current.get()
        if running is not None and running.is_own:
            async with running.inner() as tx:
                yield tx
            return
        async with self._writer.transaction() as member:
            own = SqliteTransaction(member.session)
            before = self._current.set(own)
            try:
                yield cast("Transaction", own)
            finally:
                self._current.reset(before)
            if own.facts:
                member.published = partial(self._log.publish, sqlite_log.append(member.session, own.facts))
            if own.steps:
                member.committed = partial(self._run, own.steps)

    async def _run(self, steps: list[Step]) -> None:
        await run_steps(steps, self.on_stale)
