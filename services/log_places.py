"""Where in the event log a time is. Numbers grow with the times, so no index of times is needed."""

from __future__ import annotations

from datetime import datetime

from services.ports import Log, LogRecord


async def oldest(log: Log) -> LogRecord | None:
    """The first record that is still kept; none when nothing is."""
    found = await log.read(after=0, limit=1)
    return found[0] if found else None


async def place_at(log: Log, at: datetime) -> int:
    """The number of the last record made at that time or before; 0 when none is kept.

    A search by halves: about twenty reads for a million records. The clocks of several nodes may differ,
    and so may the order of times by as much: the answer is one of the places where the time passes `at`,
    and what the log has up to there is always a state that the network was in.
    """
    first = await oldest(log)
    if first is None or first.at > at:
        return 0
    low, high = first.seq, await log.last()
    while low < high:
        middle = (low + high + 1) // 2
        found = await log.read(after=middle - 1, limit=1)
        if found and found[0].seq <= high and found[0].at <= at:
            low = found[0].seq
        else:
            high = middle - 1
    return low
