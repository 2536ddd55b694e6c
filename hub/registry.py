"""The explicit list of handlers: what is not here does not exist."""

from __future__ import annotations

from handlers import auth, location, qr, queue, recommend, room, station, swap
from hub.operations import Registry


def build() -> Registry:
    """Every operation of the hub. Raises DuplicateOperation when two have the same event or route."""
    return Registry(
        queue.operation,
        qr.operation,
        swap.operation,
        station.operation,
        location.operation,
        recommend.operation,
        room.operation,
        auth.operation,
    )
