"""The time, as the rules take it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, as an aware UTC instant."""
    return datetime.now(UTC)
