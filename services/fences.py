"""Geofences with hysteresis: pure steps from one fix to the next.

Entering needs two consecutive fixes whose error circle is inside the radius. Leaving needs the
radius plus 20 % and 30 s. Source: PROTOCOL section 4, Positions.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.base import Instant, Model
from services.ways import Way

OUTER_RADIUS_M: Final = 1000.0
FIXES_TO_ENTER: Final = 2
EXIT_RATIO: Final = 1.2
EXIT_DWELL: Final = timedelta(seconds=30)
DEFAULT_ACCURACY_M: Final = 20.0  # of a fix that does not say


class Zone(StrEnum):
    INNER = "inner"
    OUTER = "outer"


class ZoneTrack(Model):
    """One fence as one user is seen at it."""

    inside: bool = False
    streak: int = 0  # consecutive fixes inside, while outside
    out_since: Instant | None = None  # first fix beyond the exit radius, while inside


class FenceTrack(Model):
    """Both fences of the station that the user is on the way to, and the way.

    It is of one entry: who takes another place at a station without having left it arrives anew.
    """

    station_id: str
    entry_id: str = ""
    way: Way | None = None
    inner: ZoneTrack = ZoneTrack()
    outer: ZoneTrack = ZoneTrack()


def step(
    track: ZoneTrack,
    *,
    distance_m: float,
    accuracy_m: float,
    radius_m: float,
    at: datetime,
    may_enter: bool = True,
) -> ZoneTrack:
    """The track after one more fix; one that may not enter ends the streak, as one outside does."""
    if track.inside:
        return _step_inside(track, distance_m=distance_m, radius_m=radius_m, at=at)
    if not may_enter or distance_m + accuracy_m > radius_m:
        return ZoneTrack()
    streak = track.streak + 1
    return ZoneTrack(inside=True) if streak >= FIXES_TO_ENTER else ZoneTrack(streak=streak)


def _step_inside(track: ZoneTrack, *, distance_m: float, radius_m: float, at: datetime) -> ZoneTrack:
    if distance_m <= radius_m * EXIT_RATIO:
        return ZoneTrack(inside=True)
    since = track.out_since or at
    return ZoneTrack() if at - since >= EXIT_DWELL else ZoneTrack(inside=True, out_since=since)
