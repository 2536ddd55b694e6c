"""Run a handler's coroutine at once, under a real task, in a context of its own.

A coroutine that never waits is done when `start` returns: no turn of the loop is lost. It is a
true asyncio.Task all the same, so current_task(), timeout() and cancel() work before its first
wait, and each of its steps runs in the one copied context, so a ContextVar token set before a
wait can be reset after it.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

EAGER_START: Final = sys.version_info >= (3, 12)
_Task, _copy_context = asyncio.Task, contextvars.copy_context


class Starter:
    """Starts tasks of one loop eagerly, if the loop allows it, else as usual."""

    __slots__ = ("_loop", "_step", "_usual_call_soon")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop: Any = loop
        self._usual_call_soon = loop.call_soon
        self._step: Callable[[], Any] = _nothing

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start `coroutine`: at once, or soon when called from within another task."""
        if asyncio.current_task(self._loop) is not None:
            return run_soon(self._loop, coroutine)
        return self.start_now(coroutine)

    def start_now(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start `coroutine` at once; the caller knows that no task is running."""
        context, loop = _copy_context(), self._loop
        if EAGER_START:
            make: Any = _Task  # eager_start is unknown to 3.11's types
            task: asyncio.Task[Any] = make(coroutine, loop=loop, context=context, eager_start=True)
            return task
        # A new task asks its loop to call its first step soon. The loop's call_soon is ours for
        # that moment: it keeps the step, which is then called here. Nothing else can run meanwhile.
        loop.call_soon = self._keep_step
        try:
            task = _Task(coroutine, loop=loop, name="event", context=context)
        finally:
            del loop.call_soon
        step, self._step = self._step, _nothing
        context.run(step)
        return task

    def _keep_step(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        if type(callback).__name__ == "TaskStepMethWrapper" and not args:
            self._step = callback
            return None
        return self._usual_call_soon(callback, *args, context=context)


def _nothing() -> None:
    """The step of a task whose loop has taken it otherwise."""


def run_soon(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Start `coroutine` the usual way, in a context of its own."""
    return loop.create_task(coroutine, context=contextvars.copy_context())
