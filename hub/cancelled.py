"""Who has cancelled: somebody who ends this task, or a library that has cancelled something of its own."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from hub.logs import logger

AGAIN_S: Final = 12.0  # more than any task takes to say goodbye
MOST_S: Final = 30.0  # then the hub goes without it: its lease ends by itself

_log = logger("hub.tasks")


def asked_to_end() -> bool:
    """Has somebody asked the running task to end?

    A library's CancelledError can escape from a call that nobody has cancelled (aiokafka's do, while brokers
    are away): that is a failure like any other, and a task that must go on does not end with it.
    """
    return times_asked() > 0


def times_asked() -> int:
    """How often somebody has asked the running task to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has ended, and say so when it does not end.

    Once is not enough: a library's `wait_for` may swallow a cancellation that comes as it ends (bpo-37658).
    """
    until = asyncio.get_running_loop().time() + MOST_S
    while not task.done():
        if asyncio.get_running_loop().time() > until:
            _log.error("a task does not end", task=task.get_name())
            return
        task.cancel()
        await asyncio.wait((task,), timeout=AGAIN_S)
