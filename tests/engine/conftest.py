"""Fixtures of the engine's tests."""

from engine_support import serve
from polling_support import http, session
from slow_support import slow
from victim_support import victim

__all__ = ["http", "serve", "session", "slow", "victim"]
