"""How many new sessions a second may open: a storm of returns is spread instead of served badly."""

from __future__ import annotations

import time


class ConnectRate:
    """A bucket of one second's worth of connections; none means no limit."""

    __slots__ = ("_at", "_per_second", "_tokens")

    def __init__(self, per_second: float | None) -> None:
        self._per_second = per_second
        self._tokens = per_second or 0.0
        self._at = time.monotonic()

    def take(self) -> bool:
        """Whether one more may open now."""
        if self._per_second is None:
            return True
        now = time.monotonic()
        self._tokens = min(max(self._per_second, 1.0), self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
