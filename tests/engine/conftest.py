"""Fixtures of the engine's tests."""

from engine_support import serve

__all__ = ["serve"]
