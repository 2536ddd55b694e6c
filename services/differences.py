"""Other packs at an end of a job than expected: noted in the job, told, and somebody's work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from services.fault_models import Severity
from services.faults import FaultService, Report
from services.job_ends import JobEnds
from services.job_events import JobDiffers
from services.job_models import Difference, EndKind, Job, JobEnd
from services.models import Battery
from services.ports import Transaction
from services.world import World

KIND: Final = "battery_count"  # of the incident
MOST_NAMED: Final = 10  # packs in its description


class Differences:
    """An incident at the station concerned, with a ticket: only a person can find a pack."""

    def __init__(self, world: World, ends: JobEnds, faults: FaultService) -> None:
        self._world = world
        self._ends = ends
        self._faults = faults

    def between(
        self,
        at_end: Literal["from", "to"],
        expected: Sequence[str],
        good: Sequence[Battery],
        scanned: Sequence[str],
    ) -> tuple[Difference, ...]:
        """What was scanned against what was expected; nothing when they agree."""
        taken = {pack.id for pack in good}
        missing = tuple(id for id in expected if id not in taken)
        surplus = tuple(id for id in dict.fromkeys(scanned) if id not in taken)
        if not missing and not surplus:
            return ()
        return (Difference(at_end=at_end, missing=missing, surplus=surplus, noted_at=self._world.clock()),)

    async def tell(self, tx: Transaction, job: Job, differences: Sequence[Difference]) -> None:
        """Once the job's next version is written, and before its ends are published."""
        for one in differences:
            tx.log(JobDiffers.of(job, one, self._world.stamp()))
            station = _station(job, one)
            if station is not None:
                await self._report(tx, job, one, station)

    async def _report(self, tx: Transaction, job: Job, one: Difference, station: JobEnd) -> None:
        report = Report(
            station_id=station.id,
            kind=KIND,
            severity=Severity.MEDIUM,
            description=_sentence(job, one),
            needs_person=True,
        )
        await self._faults.take(tx, report, by=job.assignee_id or job.created_by)
        await self._ends.publish(tx, station)


def _station(job: Job, difference: Difference) -> JobEnd | None:
    """Where to look first: the end itself, or when that is a partner the other one."""
    ends = (job.source, job.target) if difference.at_end == "from" else (job.target, job.source)
    return next((end for end in ends if end.kind is EndKind.STATION), None)


def _sentence(job: Job, one: Difference) -> str:
    place = job.source if one.at_end == "from" else job.target
    return f"Job {job.id} at {place.name}: missing {_named(one.missing)}; not expected {_named(one.surplus)}"


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return (", ".join(ids[:MOST_NAMED]) or "none") + more
