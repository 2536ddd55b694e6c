"""A forecast as live state keeps it: made in one pass for all stations, read by every node."""

from __future__ import annotations

from services.base import Instant, Model


class KeptForecast(Model):
    """What a model said of one thing. `own`: the model's own figures, without lists and words."""

    model: str
    id: str
    at: Instant
    value: float
    low: float
    high: float
    confidence: float
    own: dict[str, float]
