"""Busy hours: memory and objects are as flat at the end as they were once the server was warm.

The short form runs with the other tests. `make soak` runs the long one; it takes minutes, and ends by itself.
"""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from soak_support import WINDOW_S, Minute, live
from victim_support import Victim

SERVER = {
    "ping_interval": 30,  # rude clients do not answer
    "ping_timeout": 30,
    "connect_timeout": 5,
    "recovery_window": WINDOW_S,
    "recovery_max_events": 20_000,  # what happens in two minutes
    "max_backpressure_bytes": 128 * 1024,
}
SHORT = Minute(visits=12, broadcasts=150, recoveries=5, slow=2, polls=8, aborted=8)
COUNTED = ("Client", "Connection", "Poller", "Answer", "Lanes", "native_sockets", "descriptors", "tasks")


async def soak(victim: Victim, minute: Minute, *, warm: int, minutes: int) -> list[dict[str, Any]]:
    """Figures after each minute once the server is warm, taken when everybody has left."""
    samples = []
    for number in range(warm + minutes):
        await live(victim, minute)
        samples.append(await victim.quiet())
        shown = {name: samples[-1][name] for name in ("rss_kb", "Session", "Entry", *COUNTED)}
        print(number, shown, flush=True)
    return samples[warm:]


def assert_flat(samples: list[dict[str, Any]], *, tolerance_kb: int) -> None:
    """The last third is like the first; both are medians, so that one sample decides nothing."""
    third = len(samples) // 3
    first, last = samples[:third], samples[-third:]
    before, after = (statistics.median(s["rss_kb"] for s in part) for part in (first, last))
    assert after - before <= tolerance_kb, [s["rss_kb"] for s in samples]
    for name in COUNTED:
        most, later = (max(s[name] for s in part) for part in (first, last))
        assert later <= most, (name, [s[name] for s in samples])
    for sample in samples:
        assert sample["Client"] == sample["Connection"] == sample["native_sockets"] == 1, sample
        assert sample["Answer"] == sample["Poller"] == sample["Lanes"] == 0, sample


async def all_expired(victim: Victim) -> None:
    """Nobody's session outlives its window."""
    await victim.until(lambda figures: figures["Session"] <= 1)


@pytest.mark.parametrize("victim", [{**SERVER, "recovery_max_events": 4000}], indirect=True)
async def test_busy_minutes_leave_memory_and_objects_flat(victim: Victim) -> None:
    samples = await soak(victim, SHORT, warm=6, minutes=9)
    assert_flat(samples, tolerance_kb=500)
    await all_expired(victim)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("victim", [SERVER], indirect=True)
async def test_busy_hours_leave_memory_and_objects_flat(victim: Victim) -> None:
    samples = await soak(victim, Minute(), warm=20, minutes=100)
    assert_flat(samples, tolerance_kb=1000)
    await all_expired(victim)
