"""Where somebody has been: the fixes that were accepted, late ones in their place."""

from __future__ import annotations

from datetime import datetime

from services.answers import Page
from services.base import Instant, Location, Model, rfc3339
from services.errors import NotFound, raise_
from services.fixes import GpsFix
from services.ports import Range
from services.world import World


class TrackPoint(Model):
    """One fix; `trust` and its reasons are for admins, null for the owner."""

    location: Location
    accuracy_m: float | None
    speed_mps: float | None
    heading: float | None
    at: Instant
    received_at: Instant
    trust: float | None
    trust_reasons: tuple[str, ...] | None

    @classmethod
    def of(cls, fix: GpsFix, *, with_trust: bool) -> TrackPoint:
        return cls(
            location=fix.location,
            accuracy_m=fix.accuracy_m,
            speed_mps=fix.speed_mps,
            heading=fix.heading,
            at=fix.at,
            received_at=fix.received_at,
            trust=fix.trust if with_trust else None,
            trust_reasons=fix.trust_reasons if with_trust else None,
        )


class TrackService:
    """Reads the log of positions. Old parts of it are thinned out and dropped: see `services.retention`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def of(
        self,
        user_id: str,
        *,
        start: datetime | None,
        end: datetime | None,
        limit: int,
        before: datetime | None,
        with_trust: bool,
    ) -> Page[TrackPoint]:
        """Fixes of `start` and later, before `end`, newest first; `before` is the cursor. Raises NotFound."""
        reads = self._world.records.now
        await reads.users.get(user_id) or raise_(NotFound(user_id=user_id))
        ends = [moment for moment in (end, before) if moment is not None]
        times = {"at": Range(gte=start, lt=min(ends, default=None))} if start or ends else {}
        found = await reads.gps_logs.find({"user_id": user_id, **times}, order=("-at",), limit=limit + 1)
        return Page(
            items=[TrackPoint.of(fix, with_trust=with_trust) for fix in found[:limit]],
            next_cursor=rfc3339(found[limit - 1].at) if len(found) > limit else None,
        )
