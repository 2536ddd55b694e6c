"""How a rider moves, seen from their station: pure steps from one trusted fix to the next."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from services.base import Instant, Location, Model
from services.fixes import GpsFix
from services.geo import distance_m

STILL_WITHIN_M: Final = 100.0  # fixes of a parked vehicle are no farther from the first of them
PARKED_FOR: Final = timedelta(minutes=5)
LEAVING_M: Final = 500.0  # so much farther away than once: more than a detour
NEARER_M: Final = 50.0  # what is less may be the receiver's own scatter
SILENCE: Final = timedelta(minutes=3)  # after it nothing is known of the way so far


class Doubt(StrEnum):
    """Why a rider is asked whether they still come."""

    LATE = "late"  # the place is about to go
    PARKED = "parked"
    LEAVING = "leaving"


class Way(Model):
    """A rider's way as far as it was seen without a long silence."""

    seen_at: Instant
    away_m: float
    closest_m: float
    turned_m: float  # the distance from which they come nearer
    nearer_at: Instant | None = None  # when they last came nearer by NEARER_M
    still_at: Location  # where they have been since `still_since`
    still_since: Instant

    @property
    def doubt(self) -> Doubt | None:
        """Does the way look as if they do not come?"""
        if self.away_m >= self.closest_m + LEAVING_M:
            return Doubt.LEAVING
        return Doubt.PARKED if self.seen_at - self.still_since >= PARKED_FOR else None

    @property
    def comes_nearer(self) -> bool:
        """Did the newest fix show it?"""
        return self.nearer_at == self.seen_at


def begin(fix: GpsFix, away_m: float) -> Way:
    """The way from the first fix on, so many metres from the station."""
    return Way(
        seen_at=fix.at,
        away_m=away_m,
        closest_m=away_m,
        turned_m=away_m,
        still_at=fix.location,
        still_since=fix.at,
    )


def go_on(way: Way | None, fix: GpsFix, away_m: float) -> Way:
    """The way with one more fix."""
    if way is None or fix.at - way.seen_at > SILENCE:
        return begin(fix, away_m)
    nearer = way.turned_m - away_m >= NEARER_M
    stays = distance_m(way.still_at, fix.location) <= STILL_WITHIN_M
    return Way(
        seen_at=fix.at,
        away_m=away_m,
        closest_m=min(way.closest_m, away_m),
        turned_m=away_m if nearer else max(way.turned_m, away_m),
        nearer_at=fix.at if nearer else way.nearer_at,
        still_at=way.still_at if stays else fix.location,
        still_since=way.still_since if stays else fix.at,
    )
