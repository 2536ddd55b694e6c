"""The end of a transaction: send what it wrote, commit, find out what became of it, run its steps.

It runs in a task of its own that no caller can cancel. A caller that is cancelled before the commit was
sent undoes the transaction; after that it is committed, whether anybody waits or not.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import structlog
from pymongo.errors import PyMongoError

from hub.stores.after_commit import run_steps
from hub.stores.mongo_errors import UNKNOWN_COMMIT, domain_error
from hub.stores.mongo_outbox import Outbox, Written, written_by
from hub.stores.mongo_send import Send
from hub.stores.mongo_stamps import Stamps
from hub.stores.mongo_transaction import MongoTransaction
from services.errors import DuplicateKey, Unavailable, WriteConflict

_log: Any = structlog.get_logger("hub.stores")

COMMIT_S: Final = 8.0  # longest wait of a caller; what comes of the transaction is found out all the same
RESOLVE_S: Final = 120.0  # longest search for an unknown result; the server undoes after 60 s what is open
GRACE_S: Final = 1.0  # longest wait of a cancelled caller for a commit that is under way
BLIND_S: Final = 2.0  # how long a transaction that has read nothing is sent again
FIRST_PAUSE_S: Final = 0.005
LONGEST_PAUSE_S: Final = 0.5


class Commits:
    """Ends transactions. `on_stale` hears of a step that has failed, or that never ran."""

    def __init__(self, send: Send, outbox: Outbox, stamps: Stamps) -> None:
        self.on_stale: Callable[[], None] = lambda: None
        self._send_all = send
        self._outbox = outbox
        self._stamps = stamps
        self._running: set[asyncio.Task[None]] = set()

    async def end(self, tx: MongoTransaction) -> None:
        """Left when the transaction is durable and its steps have run.

        Raises WriteConflict, DuplicateKey, Unavailable: then nothing was written; or Unavailable when
        nobody can say yet.
        """
        if not tx.writes and not tx.facts:
            tx.calls.abort()
            await run_steps(tx.steps, self.on_stale)
            return
        task = self._own(self._end(tx))
        try:
            await asyncio.wait((task,), timeout=COMMIT_S)
        except asyncio.CancelledError:
            tx.unwanted = True
            with suppress(asyncio.CancelledError):
                await asyncio.wait((task,), timeout=GRACE_S)
            raise
        if not task.done():
            raise Unavailable(store="records")
        task.result()

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """In a context of its own: a step may begin a transaction."""
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._running.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may be gone

    async def _end(self, tx: MongoTransaction) -> None:
        try:
            written = await self._send(tx)
            if tx.unwanted:
                raise Unavailable(store="records")  # nobody hears it
            await self._commit(tx, written)
        except BaseException:
            tx.calls.abort()
            raise
        tx.calls.done()
        await run_steps(tx.steps, self.on_stale)
        if written is not None:
            self._outbox.ready(written)

    # -- sending

    async def _send(self, tx: MongoTransaction) -> Written | None:
        """Raises WriteConflict when the rules must run again; who has read nothing is just sent again."""
        blind, loop = not tx.calls.has_run, asyncio.get_running_loop()
        until, pause = loop.time() + BLIND_S, FIRST_PAUSE_S
        while True:
            try:
                return await self._send_once(tx)
            except DuplicateKey:
                raise
            except WriteConflict:
                if not blind or loop.time() > until:
                    raise
            tx.calls.abort()
            pause = await _pause(pause)

    async def _send_once(self, tx: MongoTransaction) -> Written | None:
        stamp = self._stamps.next()
        written = written_by(tx.id, tx.facts)
        await self._send_all(tx, stamp, written.entries(stamp))
        return written if tx.facts else None

    # -- committing

    async def _commit(self, tx: MongoTransaction, written: Written | None) -> None:
        """Raises WriteConflict when it is certain that nothing was committed."""
        loop = asyncio.get_running_loop()
        until, pause, in_doubt = loop.time() + RESOLVE_S, FIRST_PAUSE_S, False
        while True:
            try:
                await tx.calls.commit()
            except PyMongoError as error:
                if not error.has_error_label(UNKNOWN_COMMIT):
                    if in_doubt and await self._is_there(written):
                        return
                    raise domain_error(error) from error
            else:
                return
            in_doubt = True
            if loop.time() > until:
                self._give_up(tx)
            pause = await _pause(pause)

    async def _is_there(self, written: Written | None) -> bool:
        """A server that has restarted may have forgotten the transaction and kept what it wrote."""
        while written is not None:
            with suppress(Unavailable):
                return await self._outbox.has(written)
            await asyncio.sleep(LONGEST_PAUSE_S)
        return False

    def _give_up(self, tx: MongoTransaction) -> None:
        _log.error("the result of a commit stays unknown", transaction=tx.id)
        self.on_stale()
        raise Unavailable(store="records")

    async def close(self) -> None:
        """Wait for what is under way; give up what the server does not answer."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=COMMIT_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _pause(pause: float) -> float:
    await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
    return min(pause * 2, LONGEST_PAUSE_S)
