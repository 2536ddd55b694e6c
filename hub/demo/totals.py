"""What has happened in a network, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from services.models import Entry
from services.ports import Scalar, Snapshot
from services.states import EntryState, JobState


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts by state, and how long who has swapped had waited at the station, in minutes."""

    riders: int  # who have swapped at least once
    entries: Counter[str]
    jobs: Counter[str]
    packs_carried: int
    incidents: Counter[str]
    tickets: Counter[str]
    fixes: int
    wait_p50_minutes: float | None
    wait_p90_minutes: float | None

    def lines(self) -> list[str]:
        """For whoever has waited for them."""
        waits = "nobody has waited"
        if self.wait_p50_minutes is not None and self.wait_p90_minutes is not None:
            waits = f"p50 {self.wait_p50_minutes:.1f} minutes, p90 {self.wait_p90_minutes:.1f}"
        return [
            f"swaps      {self.entries['completed']:,} of {self.riders:,} riders",
            f"no-shows   {self.entries['no_show']:,}",
            f"entries    {_listed(self.entries)}",
            f"waits      {waits}",
            f"jobs       {_listed(self.jobs)}; {self.packs_carried:,} packs carried",
            f"incidents  {_listed(self.incidents)}",
            f"tickets    {_listed(self.tickets)}",
            f"positions  {self.fixes:,}",
        ]


async def totals(reads: Snapshot) -> Totals:
    """Reads all of it: for a network that is small."""
    entries = await reads.queues.find({})
    done = [entry for entry in entries if entry.state is EntryState.COMPLETED]
    waits = sorted(_waited_minutes(done))
    delivered = {"state": JobState.DELIVERED}
    return Totals(
        riders=len({entry.user_id for entry in done}),
        entries=Counter(entry.state.value for entry in entries),
        jobs=_counted(await reads.transport_jobs.tally(("state",), {})),
        packs_carried=await reads.transport_jobs.sum("delivered_count", delivered),
        incidents=_counted(await reads.incidents.tally(("state",), {})),
        tickets=_counted(await reads.tickets.tally(("status",), {})),
        fixes=await reads.gps_logs.count({}),
        wait_p50_minutes=quantile(waits, 0.5),
        wait_p90_minutes=quantile(waits, 0.9),
    )


def _waited_minutes(entries: Iterable[Entry]) -> Iterable[float]:
    for entry in entries:
        if entry.arrived_at is not None and entry.started_at is not None:
            yield (entry.started_at - entry.arrived_at).total_seconds() / 60


def quantile(ranked: Sequence[float], share: float) -> float | None:
    """The least value that so large a share does not exceed; none of nothing."""
    return ranked[max(0, ceil(share * len(ranked)) - 1)] if ranked else None


def _counted(tally: Mapping[tuple[Scalar, ...], int]) -> Counter[str]:
    return Counter({str(key[0]): number for key, number in tally.items()})


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items())) or "none"
