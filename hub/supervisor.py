"""Background tasks have an owner: one that fails is started again, later each time, and it is said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.cancelled import asked_to_end, end
from hub.leases import Leases, Work
from hub.logs import logger
from hub.metrics import Metrics

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 30.0
CALM_S: Final = 60.0  # after so long without a failure the pause is short again

_log = logger("hub.tasks")


class TaskState(StrEnum):
    """What a task is at."""

    RUNNING = "running"  # or waiting for its lease
    PAUSING = "pausing"  # it has failed, and is started again soon
    DONE = "done"  # there is nothing more to do


@dataclass(slots=True)
class _Told:
    """A task, for whoever asks."""

    state: TaskState = TaskState.RUNNING
    restarts: int = 0


class Supervisor:
    """Owns tasks that run as long as the hub."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._told: dict[str, _Told] = {}
        metrics.watch_tasks(self.running)
        self._tasks: list[asyncio.Task[None]] = []
        self._leased: list[asyncio.Task[None]] = []

    def own(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Keep `run` running until `stop`; one that returns is done."""
        self._tasks.append(asyncio.create_task(self._keep(name, run), name=name))

    def own_on_one_node(self, name: str, leases: Leases, work: Work) -> None:
        """Keep `work` running on whichever node holds the lease of that name, and on no other."""
        self.own(name, lambda: leases.run(name, work))
        self._leased.append(self._tasks[-1])

    def states(self) -> dict[str, dict[str, str | int]]:
        """Every task by its name: its state, and how often it was started again."""
        return {name: {"state": told.state, "restarts": told.restarts} for name, told in self._told.items()}

    def running(self) -> dict[str, bool]:
        """Every task by its name; false for one that has failed and is not started again yet."""
        return {name: told.state is not TaskState.PAUSING for name, told in self._told.items()}

    async def give_back(self) -> None:
        """End what is done on one node only: another may take it up while this one drains."""
        leased, self._leased = self._leased, []
        await asyncio.gather(*map(end, leased))

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        pause, loop = FIRST_PAUSE_S, asyncio.get_running_loop()
        told = self._told.setdefault(name, _Told())
        while True:
            started, told.state = loop.time(), TaskState.RUNNING
            try:
                await run()
            except (Exception, asyncio.CancelledError) as error:
                if asked_to_end():
                    raise asyncio.CancelledError from error  # what fails as it is cancelled has ended, too
                pause = FIRST_PAUSE_S if loop.time() - started > CALM_S else min(pause * 2, LONGEST_PAUSE_S)
                self._metrics.restarted(name)
                told.state, told.restarts = TaskState.PAUSING, told.restarts + 1
                _log.exception("task failed", task=name, again_in_s=pause)
                await asyncio.sleep(pause)
            else:
                told.state = TaskState.DONE
                return

    async def stop(self) -> None:
        """Cancel every task, newest first, and wait for each."""
        while self._tasks:
            await end(self._tasks.pop())
