"""libuv inside asyncio: its descriptor sits in asyncio's selector, so nothing spins when nothing happens."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from hub.engine.native import Native, load

MAX_WAIT_S: Final = 0.25  # uWebSockets sweeps its timeouts each 4 s; a quarter second late is soon enough
_NOWAIT: Final = 2
_logger = logging.getLogger("hub.engine")
_local = threading.local()


class NativeLoop:
    """The one libuv loop of a thread, attached to the asyncio loop that runs there.

    uWebSockets keeps its loop per thread for the life of the process, so this object outlives
    asyncio loops: the first server attaches it, the last one detaches it.
    """

    def __init__(self, native: Native) -> None:
        self._native = native
        self._lib = native.lib
        self._wrapper = native.lib.socketify_create_loop()
        self._uv_loop = native.lib.socketify_get_native_loop(self._wrapper)
        native.lib.uws_get_loop_with_native(self._uv_loop)
        self._fd = native.uv.uv_backend_fd(self._uv_loop)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._users = 0
        self._kicked = False
        self.inside = False  # true while libuv runs, that is, in every native callback
        self.now = 0.0  # of this turn, by time.monotonic
        self._after: list[Callable[[], Any]] = []

    def attach(self) -> asyncio.AbstractEventLoop:
        """Count one more user; the running loop becomes libuv's driver."""
        loop = asyncio.get_running_loop()
        if self._loop is not None and self._loop is not loop and not self._loop.is_closed():
            if self._users:
                raise RuntimeError("another event loop of this thread already drives the engine")
            self._detach()
        if self._loop is not loop:
            self._loop, self._users, self._kicked = loop, 0, False
            loop.add_reader(self._fd, self.run)
            self._timer = loop.call_later(MAX_WAIT_S, self._tick)
        self._users += 1
        return loop

    def release(self) -> None:
        """Count one user less; the last one takes libuv out of the loop."""
        self._users -= 1
        if self._users == 0:
            # What was closed last still has a callback to come; never from within a task, though:
            # callbacks start tasks, and no task may start inside another.
            loop = self._loop
            if loop is not None and not loop.is_closed():
                loop.call_soon(self._finish)

    def _finish(self) -> None:
        self.run()
        self.run()
        if self._users == 0:
            self._detach()

    def _detach(self) -> None:
        loop, self._loop = self._loop, None
        if self._timer is not None:
            self._timer.cancel()
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._fd)

    def run(self) -> None:
        """One turn of libuv: callbacks run in here; what they postponed runs right after."""
        if self.inside:
            return
        lib, loop = self._lib, self._wrapper
        while True:
            self._kicked = False
            self.inside = True
            self.now = time.monotonic()
            try:
                lib.socketify_loop_run(loop, _NOWAIT)
            finally:
                self.inside = False
            if not self._after:
                break
            self._run_postponed()
        if self._native.uv.uv_backend_timeout(self._uv_loop) == 0:
            self.kick()

    def _run_postponed(self) -> None:
        postponed, self._after = self._after, []
        for call in postponed:
            try:
                call()
            except Exception:
                _logger.exception("engine: a postponed call failed")

    def after(self, call: Callable[[], Any]) -> None:
        """Run `call` once the native callbacks of this turn have returned (now, if in none)."""
        self._after.append(call)
        if not self.inside:
            self.kick()

    def kick(self) -> None:
        """See to it that libuv runs soon: something was sent or closed outside its callbacks."""
        if not self._kicked and self._loop is not None and not self._loop.is_closed():
            self._kicked = True
            self._loop.call_soon(self.run)

    def _tick(self) -> None:
        if self._loop is None:
            return
        self._timer = self._loop.call_later(MAX_WAIT_S, self._tick)
        self.run()


def native_loop() -> NativeLoop:
    """The libuv loop of this thread, made at first use."""
    found: NativeLoop | None = getattr(_local, "loop", None)
    if found is None:
        found = _local.loop = NativeLoop(load())
    return found
