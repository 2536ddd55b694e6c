"""Does somebody still move? A transporter who does not gives a job back after a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.geo import distance_m
from services.ports import Range, Transaction

STUCK: Final = "job.stuck"  # the timer's kind
STILL_FOR: Final = timedelta(minutes=15)
STILL_WITHIN_M: Final = 100.0  # fixes of a parked phone are no farther from each other
MOST_FIXES: Final = 2000  # two a second for the whole time


async def last_moved(tx: Transaction, user_id: str, now: datetime) -> datetime | None:
    """When somebody was last seen to move, if that is less than STILL_FOR ago."""
    since = now - STILL_FOR
    fixes = await tx.gps_logs.find(
        {"user_id": user_id, "at": Range(gt=since)}, order=("-at",), limit=MOST_FIXES
    )
    if not fixes:
        return None
    before = await tx.gps_logs.first({"user_id": user_id, "at": Range(lte=since)}, order=("-at",))
    newest, later = fixes[0], fixes[0]
    for fix in [*fixes[1:], *([before] if before else [])]:
        if distance_m(fix.location, newest.location) > STILL_WITHIN_M:
            return later.at  # from there on all of them are within one place
        later = fix
    return None
