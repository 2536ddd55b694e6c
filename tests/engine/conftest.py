"""Fixtures of the engine's tests."""

from engine_support import serve
from polling_support import http, session
from slow_support import slow

__all__ = ["http", "serve", "session", "slow"]
