"""Keeps the log's numbers up with what this hub commits, and with what a killed one has left."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from hub.stores.mongo_numbers import Given, Numbers, Waiting
from hub.stores.mongo_outbox import Written, numbered
from services.errors import Unavailable, WriteConflict
from services.ports import LogRecord

ORPHAN_S: Final = 2.0  # so long the steps of another hub's transaction are waited for
CAUGHT_UP_S: Final = 5.0  # longest wait for the numbers of what this hub has committed
LOOK_EVERY_S: Final = 1.0  # for what a hub that was killed has left waiting
PACE_S: Final = 0.02  # passes do not begin more often: what comes meanwhile goes together
BLOCKED_S: Final = 0.02  # between two passes while something earlier is not ready
FIRST_PAUSE_S: Final = 0.005
LONGEST_PAUSE_S: Final = 1.0

Publish = Callable[[int, Sequence[LogRecord]], None]
"""Hears the greatest number, and records that have got theirs and are at hand, in order."""


class Numbering:
    """Numbers what waits, as soon as it may be read: not before its transaction's steps have run."""

    def __init__(self, numbers: Numbers, publish: Publish) -> None:
        self._numbers = numbers
        self._publish = publish
        self._own: dict[str, tuple[LogRecord, ...]] = {}  # ready, not known to have numbers
        self._waiters: list[tuple[set[str], asyncio.Future[None]]] = []
        self._blocker, self._blocked_at = "", 0.0
        self._next_at = 0.0
        self._news = asyncio.Event()

    def add(self, written: Written) -> None:
        """The steps of a transaction have run."""
        self._own.update(written.documents)
        self._news.set()

    async def caught_up(self) -> None:
        """Until everything added so far has its numbers. Raises Unavailable when that takes too long."""
        if not self._own:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((set(self._own), waiter))
        try:
            async with asyncio.timeout(CAUGHT_UP_S):
                await waiter
        except TimeoutError:
            raise Unavailable(store="records") from None

    async def adopt(self) -> None:
        """Number whatever waits: for a hub that is alone, before it serves. If not now, then soon."""
        more = True
        while more:
            try:
                more = not (await self._numbers.give(lambda one: True, set())).is_all
            except WriteConflict:
                break
        self._publish(await self._numbers.head(), ())

    async def run(self) -> None:
        """For ever, until it is cancelled."""
        pause = FIRST_PAUSE_S
        while True:
            await self._wait()
            await asyncio.sleep(self._next_at - asyncio.get_running_loop().time())
            self._next_at = asyncio.get_running_loop().time() + PACE_S
            try:
                await self._pass()
                pause = FIRST_PAUSE_S
            except WriteConflict:
                await asyncio.sleep(FIRST_PAUSE_S * random.uniform(0.5, 4))  # noqa: S311
                self._news.set()
            except Unavailable:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
                self._news.set()

    async def _wait(self) -> None:
        """Until something is ready; or for a while, if something of ours is behind another's."""
        with suppress(TimeoutError):
            async with asyncio.timeout(BLOCKED_S if self._own else LOOK_EVERY_S):
                await self._news.wait()
        self._news.clear()

    async def _pass(self) -> None:
        own = set(self._own)  # what is ready later may not be seen by this transaction
        given = await self._numbers.give(self._is_free, own)
        by_us = {one.id for one in given.numbered}
        waits = {one.id for one in given.left}
        by_others = own - by_us - waits if given.is_all else set()
        if given.head is not None:
            self._tell(given, given.head)
        if by_others:
            self._publish(await self._numbers.head(), ())
        self._settle(by_us | by_others)
        if not given.is_all:
            self._news.set()

    def _is_free(self, one: Waiting) -> bool:
        if one.ready or one.id in self._own:
            return True
        now = asyncio.get_running_loop().time()
        if self._blocker != one.id:
            self._blocker, self._blocked_at = one.id, now
        return now - self._blocked_at > ORPHAN_S

    def _tell(self, given: Given, head: int) -> None:
        last = head - sum(one.count for one in given.numbered)
        at_hand: list[LogRecord] = []
        for one in given.numbered:
            last += one.count
            at_hand += numbered(self._own.get(one.id, ()), last)
        self._publish(head, at_hand)

    def _settle(self, done: set[str]) -> None:
        for id in done:
            self._own.pop(id, None)
        for ids, waiter in self._waiters:
            ids -= done
            if not ids and not waiter.done():
                waiter.set_result(None)
        self._waiters = [one for one in self._waiters if not one[1].done()]
