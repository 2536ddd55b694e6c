"""Turns: a lock that its holder passes on to who has waited longest."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from services.errors import Unavailable


class Turns:
    """First come, first served; waits have a deadline, and their number a bound."""

    def __init__(self, *, most_waiting: int, longest_wait_s: float, unused: Callable[[], None]) -> None:
        """`unused` is called with the turn of somebody who gave up in the moment they got it."""
        self._most_waiting = most_waiting
        self._longest_wait_s = longest_wait_s
        self._unused = unused
        self._taken = False
        self._queue: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    async def take(self) -> None:
        """Wait for the turn. Raises Unavailable when too many wait, or for too long."""
        if not self._taken:
            self._taken = True
            return
        if len(self._queue) >= self._most_waiting:
            raise Unavailable(store="records", waiting=len(self._queue))
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue[turn] = None
        try:
            async with asyncio.timeout(self._longest_wait_s):
                await turn
        except BaseException as error:
            self._give_up(turn)
            if isinstance(error, TimeoutError):
                raise Unavailable(store="records") from error
            raise

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():
            self._unused()
        else:
            self._queue.pop(turn, None)

    def hand_over(self) -> bool:
        """Give the turn to who has waited longest; false, and it is kept, when nobody waits."""
        while self._queue:
            turn, _ = self._queue.popitem(last=False)
            if not turn.done():  # else cancelled, and its task does not know yet
                turn.set_result(None)
                return True
        return False

    def pass_on(self) -> None:
        """End the holder's turn."""
        self._taken = self.hand_over()
