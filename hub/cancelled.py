"""Who has cancelled: somebody who ends this task, or a library that has cancelled something of its own."""

from __future__ import annotations

import asyncio


def asked_to_end() -> bool:
    """Has somebody asked the running task to end?

    A library's CancelledError can escape from a call that nobody has cancelled (aiokafka's do, while brokers
    are away): that is a failure like any other, and a task that must go on does not end with it.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
