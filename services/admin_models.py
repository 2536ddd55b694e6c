"""What is kept for administrators' reads: the network at moments of the past, and traffic by H3 cells."""

from __future__ import annotations

from services.base import Document, Instant


class Checkpoint(Document):
    """The network's state, whole once this is there. Collection `checkpoints`.

    `id` is when it was begun, as text. Every event up to `seq` is in it, of those until `taken_at` some are.
    """

    taken_at: Instant
    seq: int
    things: int


class CheckpointPart(Document):
    """Some of a checkpoint's things, in the order of their keys. Collection `checkpoint_parts`."""

    checkpoint_id: str
    last_key: str
    things: str  # a JSON object by key; zlib, then base 64


class CellTraffic(Document):
    """How fast vehicles were in an H3 cell, which is its `id`. Collection `traffic`.

    The newest window that had vehicles, and the speeds of earlier ones: `past[n]` is how many windows had a
    speed in the n-th bin, older ones counting less.
    """

    until: Instant  # the window's end
    rank: str  # sorts the most congested first
    vehicles: int
    distance_m: float
    time_s: float
    free_flow_mps: float | None
    congestion: float | None
    past: tuple[float, ...]
