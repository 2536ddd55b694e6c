"""Counters: plain integers, read by the metrics; counting costs one addition."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Stats:
    """Since start, but for `connections`, which is now."""

    connections: int = 0
    opened: int = 0
    refused: int = 0  # handshakes answered with an error
    messages_in: int = 0
    messages_out: int = 0  # frames handed to the network; a broadcast counts its members
    bytes_in: int = 0
    bytes_out: int = 0
    dropped: int = 0  # droppable events that a slow client did not get
    conflated: int = 0  # droppable events replaced by a newer one of their key
    slow: int = 0  # times a client left the topics for lanes of its own
    slow_closed: int = 0
    protocol_errors: int = 0
    handler_errors: int = 0
    recovered: int = 0
    not_recovered: int = 0

    def as_dict(self) -> dict[str, int]:
        """A copy for whoever publishes it."""
        return asdict(self)
