"""What packs of one type a station has and will have, against what is promised of them: pure counting.

A claim is a promise without a pack: so many packs must be there by a time. Claims can be kept exactly when at
every time at least as many packs are ready as are claimed by then (D. Gale's condition of supply and demand,
Pacific J. Math. 7 (1957), on one line of time). So what can still be promised for a time is the least surplus
from then on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self


@dataclass(frozen=True, slots=True)
class Claim:
    """A pack that somebody was promised and has not been given yet; `needed_by` is null for at once."""

    id: str
    battery_type: str
    needed_by: datetime | None
    order: int  # who came first: theirs is the last to fail


@dataclass(frozen=True, slots=True, order=True)
class Charging:
    """A pack that will be charged `at` with 90 % certainty: `minutes` after its newest reading."""

    at: datetime
    minutes: float


@dataclass(frozen=True, slots=True)
class Shelf:
    """Free packs of one type at one station: charged ones, and the charging ones, soonest first."""

    charged: int = 0
    charging: tuple[Charging, ...] = ()

    def ready_by(self, at: datetime) -> int:
        return self.charged + sum(pack.at <= at for pack in self.charging)

    def after(self, now: datetime) -> Self:
        """Without those that should be charged by now and are not: nobody can count on them."""
        return replace(self, charging=tuple(pack for pack in self.charging if pack.at > now))

    def without(self, ready: Charging | None = None) -> Self:
        """With one pack less: a charged one, or that which charges."""
        if ready is None:
            return replace(self, charged=self.charged - 1)
        rest = list(self.charging)
        rest.remove(ready)
        return replace(self, charging=tuple(rest))

    def spare(self, claims: Collection[Claim], needed_by: datetime | None = None) -> int:
        """How many packs more can be promised for that time; below zero when the claims cannot be kept."""
        times = sorted(claim.needed_by for claim in claims if claim.needed_by is not None)
        at_once = len(claims) - len(times)
        looked_at = times if needed_by is None else [needed_by, *(at for at in times if at > needed_by)]
        left = [self.ready_by(at) - at_once - bisect_right(times, at) for at in looked_at]
        return min([self.charged - at_once, *left] if needed_by is None else left)

    def kept(self, claims: Sequence[Claim]) -> list[Claim]:
        """The claims that can be kept: all, or as many as those who came first leave room for."""
        if self.spare(claims) >= 0:
            return list(claims)
        kept: list[Claim] = []
        for claim in sorted(claims, key=lambda claim: claim.order):
            if self.spare([*kept, claim]) >= 0:
                kept.append(claim)
        return kept

    def outlook(self, claims: Sequence[Claim]) -> dict[str, float | None]:
        """Minutes until each claim's pack is charged, most urgent first; null: nobody can say."""
        kept = {claim.id for claim in self.kept(claims)}
        ordered = sorted(claims, key=lambda claim: (claim.id not in kept, _urgency(claim)))
        minutes = [0.0] * self.charged + [pack.minutes for pack in self.charging]
        return {
            claim.id: minutes[place] if place < len(minutes) else None for place, claim in enumerate(ordered)
        }

    def relied_on(self, claims: Sequence[Claim]) -> Charging | None:
        """The first charging pack that a claim relies on."""
        return self.charging[0] if self.charging and len(self.kept(claims)) > self.charged else None

    def may_take(self, claims: Sequence[Claim], taker: Claim) -> bool:
        """May this claim have a charged pack now, and everybody else's still be kept?"""
        others = [claim for claim in self.kept(claims) if claim.id != taker.id]
        return self.charged > 0 and self.without().spare(others) >= 0


def _urgency(claim: Claim) -> tuple[float, int]:
    """Who needs a pack first; the same order as that of the packs that get ready."""
    return (claim.needed_by.timestamp() if claim.needed_by else 0.0, claim.order)
