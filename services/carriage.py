"""Packs on the road: scanned into a van, and out of it again, each where it must be and once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.cargo import Cargo
from services.credits import CreditService
from services.differences import Differences
from services.errors import JobNotYours, NotActive, NotFound, WrongBattery, raise_
from services.job_ends import JobEnds
from services.job_events import JobCompleted, JobPickedUp, TransportPaid
from services.job_figures import JobView
from services.job_models import Job, JobEnd
from services.models import Battery, PostingState
from services.ports import Transaction
from services.presence import require_at
from services.reward import CREDITS_PER_PACK
from services.states import JOB_MOVES, BatteryState, JobState, moved
from services.stillness import STUCK
from services.timers import clear_timers
from services.world import World

TRANSPORT_AWARD: Final = "transport_award"  # the rule that pays a transporter for a job


class Carriage:
    """Pickup and delivery by scanned packs. What was not expected is noted and told, and never moved."""

    def __init__(
        self, world: World, ends: JobEnds, cargo: Cargo, differences: Differences, credits: CreditService
    ) -> None:
        self._world = world
        self._ends = ends
        self._cargo = cargo
        self._differences = differences
        self._credits = credits

    async def pickup(self, job_id: str, scanned: Sequence[str], *, by: str) -> JobView:
        """Take the job's packs into the van; those not scanned stay, and are free again.

        Raises NotFound, JobNotYours, NotActive, OutsideGeofence, WrongBattery when none is of the job.
        """
        async with self._world.records.transaction() as tx:
            job = await mine(tx, job_id, by, JobState.ASSIGNED)
            source = await self._ends.find(tx, job.source)
            await require_at(self._world, by, source.location)
            reserved = await self._cargo.of(tx, job)
            loaded = [pack for pack in reserved if pack.id in scanned and self._is_fit(pack, source)]
            _require_some(loaded, scanned)
            for pack in loaded:
                await self._cargo.load(tx, job, pack)
            await self._cargo.free(tx, job, source, (pack for pack in reserved if pack not in loaded))
            gone = await self._depart(tx, job, loaded, scanned)
            await self._ends.publish(tx, source)
        return JobView.of(gone)

    def _is_fit(self, pack: Battery, source: JobEnd) -> bool:
        return self._ends.is_at(pack, source) and pack.state is not BatteryState.QUARANTINED

    async def _depart(self, tx: Transaction, job: Job, loaded: list[Battery], scanned: Sequence[str]) -> Job:
        difference = self._differences.between("from", job.battery_ids, loaded, scanned)
        gone = job.changed(
            state=moved(JOB_MOVES, job.state, JobState.IN_TRANSIT),
            loaded_ids=tuple(pack.id for pack in loaded),
            differences=(*job.differences, *difference),
            picked_up_at=self._world.clock(),
        )
        await tx.transport_jobs.replace(gone)
        await clear_timers(tx, job.id, STUCK)
        await self._promise(tx, gone)
        tx.log(JobPickedUp.of(gone, self._world.stamp()))
        await self._differences.tell(tx, gone, difference)
        return gone

    async def _promise(self, tx: Transaction, job: Job) -> None:
        await self._credits.pend(
            tx,
            account=job.assignee_id or "",
            amount=_reward(job, len(job.loaded_ids)),
            rule=TRANSPORT_AWARD,
            source=job.id,
            reason="battery transport",
        )

    async def deliver(self, job_id: str, scanned: Sequence[str], *, by: str) -> JobView:
        """Hand the packs over and pay the transporter for each of them; missing ones stay the van's.

        Raises NotFound, JobNotYours, NotActive, OutsideGeofence, WrongBattery when none is of the job,
        Conflict without room.
        """
        async with self._world.records.transaction() as tx:
            job = await mine(tx, job_id, by, JobState.IN_TRANSIT)
            target = await self._ends.find(tx, job.target)
            await require_at(self._world, by, target.location)
            aboard = await self._cargo.of(tx, job)
            arrived = [pack for pack in aboard if pack.id in scanned]
            _require_some(arrived, scanned)
            holders = await self._ends.holders(tx, target, len(arrived))
            for pack, holder in zip(arrived, holders, strict=True):
                await self._cargo.unload(tx, job, pack, holder)
            await self._cargo.free(tx, job, target, (pack for pack in aboard if pack not in arrived))
            done = await self._arrive(tx, job, arrived, scanned)
            await self._ends.publish(tx, target)
        return JobView.of(done)

    async def _arrive(self, tx: Transaction, job: Job, arrived: list[Battery], scanned: Sequence[str]) -> Job:
        difference = self._differences.between("to", job.loaded_ids, arrived, scanned)
        amount = _reward(job, len(arrived))
        earned = await self._credits.settle(
            tx, source=job.id, rule=TRANSPORT_AWARD, state=PostingState.POSTED, amount=amount
        )
        done = job.changed(
            state=moved(JOB_MOVES, job.state, JobState.DELIVERED),
            delivered_ids=tuple(pack.id for pack in arrived),
            delivered_count=len(arrived),
            differences=(*job.differences, *difference),
            credits_earned=earned,
            ended_at=self._world.clock(),
        )
        await tx.transport_jobs.replace(done)
        tx.log(JobCompleted.of(done, self._world.stamp()))
        tx.log(await self._paid(tx, done))
        await self._differences.tell(tx, done, difference)
        return done

    async def _paid(self, tx: Transaction, job: Job) -> TransportPaid:
        user_id = job.assignee_id or ""
        return TransportPaid(
            **self._world.stamp(),
            version=job.version,
            job_id=job.id,
            user_id=user_id,
            amount=job.credits_earned,
            reason="battery transport",
            source=job.id,
            balance=await self._credits.balance(tx, user_id),
        )


async def mine(tx: Transaction, job_id: str, user_id: str, state: JobState) -> Job:
    """The caller's job, in that state. Raises NotFound, JobNotYours, NotActive."""
    job = await tx.transport_jobs.get(job_id) or raise_(NotFound(job_id=job_id))
    if job.assignee_id != user_id:
        raise JobNotYours(job_id=job_id)
    if job.state is not state:
        raise NotActive(job_id=job_id, state=job.state)
    return job


def _reward(job: Job, count: int) -> int:
    """What the job pays for so many packs: it was fixed when it was made, for all of them."""
    return job.credits - CREDITS_PER_PACK * (len(job.battery_ids) - count)


def _require_some(packs: Sequence[Battery], scanned: Sequence[str]) -> None:
    if not packs:
        raise WrongBattery(scanned=len(scanned))
