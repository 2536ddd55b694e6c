"""Do the stores' clocks agree with this machine's?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from hub.doctor.finding import Finding, fail, ok, warn

NOTICEABLE: Final = timedelta(seconds=0.5)
"""A token's end, a hold or a lease would be seen that much too early or too late."""

WRONG: Final = timedelta(seconds=5)
_ADVICE: Final = "let chrony or systemd-timesyncd keep both machines' time"


def clock_of(store: str, theirs: datetime, asked_at: datetime, answered_at: datetime) -> Finding:
    """Compare with the middle of the question's way there and back: exact to half of it."""
    way = answered_at - asked_at
    skew = theirs - (asked_at + way / 2)
    label = f"clock of {store}"
    found = f"{skew.total_seconds() * 1000:+.0f} ms, known to {way.total_seconds() * 500:.0f} ms"
    sure = max(timedelta(0), abs(skew) - way / 2)
    if sure > WRONG:
        return fail(label, found, _ADVICE)
    if sure > NOTICEABLE:
        return warn(label, found, _ADVICE)
    return ok(label, found)
