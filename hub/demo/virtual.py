"""A loop whose clock jumps to what is due next: days pass in no time, and every run of them is the same."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Final, TypeVar

T = TypeVar("T")

WORK_S: Final = 0.004
"""How long a worker thread takes, in the loop's time: about what a disk takes to flush."""


class _Jump(selectors.DefaultSelector):
    """Never waits: the time it was to wait for has passed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("nothing is due, and nobody will wake the loop")
        self.passed_s += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only while everybody waits. There are no threads: their work is done in the loop.

    Such work takes WORK_S, in which others go on, and is done at the beginning or at the end of it, in
    turns: whoever is cut off meanwhile cannot know whether it was done.
    """

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)
        self._at_work = 0  # pieces of work that are not told yet
        self._working = asyncio.Event()
        self._at_once = False

    def time(self) -> float:
        return self._jump.passed_s

    async def until_at_work(self) -> None:
        """Until a thread would be in the middle of something."""
        await self._working.wait()

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        answer: asyncio.Future[T] = self.create_future()
        outcome = cache(partial(_outcome, func, args))
        self._at_once = not self._at_once
        if self._at_once:
            outcome()
        self._at_work += 1
        self._working.set()
        self.call_later(WORK_S, self._tell, answer, outcome)
        return answer

    def _tell(
        self, answer: asyncio.Future[T], outcome: Callable[[], tuple[T | None, Exception | None]]
    ) -> None:
        self._at_work -= 1
        if not self._at_work:
            self._working.clear()
        result, error = outcome()
        if answer.done():  # nobody waits for it any more
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]


def _outcome(func: Callable[..., T], args: tuple[Any, ...]) -> tuple[T | None, Exception | None]:
    try:
        return func(*args), None
    except Exception as error:
        return None, error


def passes(life: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, in a loop's own time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(life)


class VirtualClock:
    """The time of a city whose first instant is the running loop's zero."""

    def __init__(self, begins_at: datetime) -> None:
        self._begins_at = begins_at
        self._time = asyncio.get_running_loop().time

    def __call__(self) -> datetime:
        return self._begins_at + timedelta(seconds=self._time())
