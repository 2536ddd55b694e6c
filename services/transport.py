"""Jobs: packs to carry, from the order to the van; one transporter wins each."""

from __future__ import annotations

from typing import Final

from services.base import Model
from services.cargo import Cargo
from services.carriage import TRANSPORT_AWARD, mine
from services.credits import CreditService
from services.differences import Differences
from services.errors import JobTaken, NotActive, NotFound, raise_
from services.geo import distance_m
from services.job_ends import JobEnds
from services.job_events import (
    JobAccepted,
    JobCancelled,
    JobCreated,
    JobDeclined,
    JobExpired,
    JobIncoming,
    JobReleased,
    JobTakenByOther,
    concerned,
)
from services.job_figures import EndRef, JobView
from services.job_models import Difference, Job, JobEnd
from services.models import STANDARD, PostingState
from services.offers import STANDS_FOR, Offers, is_exhausted
from services.ports import Transaction
from services.reward import reward
from services.staff_views import name_of
from services.states import JOB_MOVES, OPEN_JOB, UNDERWAY, JobState, moved
from services.stillness import STILL_FOR, STUCK, last_moved
from services.timers import clear_timers, set_timer, timer
from services.world import World

NO_MOVEMENT: Final = "no movement for 15 minutes"
NOBODY_CAME: Final = "nobody accepted in time"


class Order(Model):
    """What is to be carried, from where to where."""

    source: EndRef
    target: EndRef
    battery_count: int
    battery_type: str = STANDARD
    priority: int = 1
    reason: str | None = None


class TransportService:
    """Makes, offers and hands out jobs. Races for a job are decided by its version in the store."""

    def __init__(
        self,
        world: World,
        ends: JobEnds,
        cargo: Cargo,
        offers: Offers,
        differences: Differences,
        credits: CreditService,
    ) -> None:
        self._world = world
        self._ends = ends
        self._cargo = cargo
        self._offers = offers
        self._differences = differences
        self._credits = credits

    async def create(self, order: Order, *, by: str) -> JobView:
        """Reserve packs for a new job, and offer it.

        Raises NotFound for an unknown end, NoBattery when so many cannot be spared, Conflict when there
        is no room for them.
        """
        async with self._world.records.transaction() as tx:
            source = await self._ends.find(tx, order.source)
            target = await self._ends.find(tx, order.target)
            packs = await self._ends.spare(tx, source, order.battery_type, order.battery_count)
            await self._ends.require_room(tx, target, order.battery_count)
            job = self._job(order, source, target, tuple(pack.id for pack in packs), by)
            await tx.transport_jobs.insert(job)
            await self._cargo.reserve(tx, job, packs)
            tx.log(JobCreated.of(job, self._world.stamp()))
            job = await self._offers.begin(tx, job)
            await self._ends.publish(tx, source, target)
        return JobView.of(job)

    def _job(self, order: Order, source: JobEnd, target: JobEnd, packs: tuple[str, ...], by: str) -> Job:
        now = self._world.clock()
        away_m = distance_m(source.location, target.location)
        return Job(
            id=self._world.ids(),
            state=JobState.PENDING,
            source=source,
            target=target,
            battery_ids=packs,
            distance_m=round(away_m),
            credits=reward(self._world.rules.transport_base_credits, away_m, len(packs)),
            priority=order.priority,
            order_reason=order.reason,
            created_by=by,
            created_at=now,
            expires_at=now + STANDS_FOR,
        )

    async def accept(self, job_id: str, *, by: str) -> JobView:
        """Take a job; a second call of who has it answers it again.

        Raises NotFound, JobTaken when another was faster, NotActive when it has ended.
        """
        async with self._world.records.transaction() as tx:
            job = await self._get(tx, job_id)
            if job.state is JobState.ASSIGNED and job.assignee_id == by:
                return JobView.of(job)
            self._require_on_offer(job, by)
            taken = job.changed(
                state=moved(JOB_MOVES, job.state, JobState.ASSIGNED),
                assignee_id=by,
                assignee_name=await name_of(tx, by),
                assigned_at=self._world.clock(),
            )
            await tx.transport_jobs.replace(taken)
            await self._offers.end(tx, job_id)
            await set_timer(tx, timer(STUCK, job_id, self._world.clock() + STILL_FOR))
            for fact in (JobTakenByOther, JobAccepted, JobIncoming):
                tx.log(fact.of(taken, self._world.stamp()))
        return JobView.of(taken)

    async def _get(self, tx: Transaction, job_id: str) -> Job:
        return await tx.transport_jobs.get(job_id) or raise_(NotFound(job_id=job_id))

    def _require_on_offer(self, job: Job, user_id: str) -> None:
        """Raises JobTaken, NotActive."""
        is_late = job.state is JobState.PENDING and job.expires_at <= self._world.clock()
        if job.state is JobState.PENDING and not is_late:
            return
        if job.state in (*UNDERWAY, JobState.DELIVERED) and job.assignee_id != user_id:
            raise JobTaken(job_id=job.id)
        raise NotActive(job_id=job.id, state=JobState.EXPIRED if is_late else job.state)

    async def decline(self, job_id: str, reason: str | None, *, by: str) -> JobView:
        """Do not want an offer: it is not pushed to the caller again; when nobody is left, to the next.

        Raises NotFound, JobTaken, NotActive.
        """
        async with self._world.records.transaction() as tx:
            job = await self._get(tx, job_id)
            self._require_on_offer(job, by)
            if by in job.declined_by:
                return JobView.of(job)
            job = job.changed(declined_by=(*job.declined_by, by))
            await tx.transport_jobs.replace(job)
            tx.log(JobDeclined.of(job, by, reason, self._world.stamp()))
            if is_exhausted(job):
                job = await self._offers.next_wave(tx, job)
        return JobView.of(job)

    async def release(self, job_id: str, reason: str | None, *, by: str) -> JobView:
        """Give a job back before its packs are in the van; it is offered again.

        Raises NotFound, JobNotYours, NotActive.
        """
        async with self._world.records.transaction() as tx:
            job = await mine(tx, job_id, by, JobState.ASSIGNED)
            return JobView.of(await self._offer_again(tx, job, reason))

    async def _offer_again(self, tx: Transaction, job: Job, reason: str | None) -> Job:
        before = job.assignee_id or ""
        free = job.changed(
            state=moved(JOB_MOVES, job.state, JobState.PENDING),
            assignee_id=None,
            assignee_name=None,
            assigned_at=None,
            wave=0,
            offered_to=(),
            declined_by=tuple(dict.fromkeys((*job.declined_by, before))),
            expires_at=self._world.clock() + STANDS_FOR,
        )
        await tx.transport_jobs.replace(free)
        await clear_timers(tx, job.id, STUCK)
        stamp, audience = self._world.stamp(), concerned(job)
        tx.log(JobReleased.of(free, stamp, audience=audience, released_by=before, reason=reason))
        return await self._offers.begin(tx, free)

    async def cancel(self, job_id: str, reason: str | None) -> JobView:
        """End a job. Packs on the road stay the van's: they are noted as missing, and nothing is paid.

        Raises NotFound, NotActive once it has ended.
        """
        async with self._world.records.transaction() as tx:
            job = await self._get(tx, job_id)
            if job.state not in OPEN_JOB:
                raise NotActive(job_id=job_id, state=job.state)
            missing = self._differences.between("to", job.loaded_ids, (), ())
            ended = await self._end(tx, job, JobState.CANCELLED, reason, missing)
            tx.log(JobCancelled.of(ended, self._world.stamp()))
            await self._differences.tell(tx, ended, missing)
        return JobView.of(ended)

    async def _end(
        self, tx: Transaction, job: Job, state: JobState, reason: str | None, noted: tuple[Difference, ...]
    ) -> Job:
        """Without a delivery: packs, timers and promised credits are all freed."""
        ended = job.changed(
            state=moved(JOB_MOVES, job.state, state),
            differences=(*job.differences, *noted),
            ended_at=self._world.clock(),
            end_reason=reason,
        )
        await tx.transport_jobs.replace(ended)
        await self._offers.end(tx, job.id)
        await clear_timers(tx, job.id, STUCK)
        await self._credits.settle(tx, source=job.id, rule=TRANSPORT_AWARD, state=PostingState.VOIDED)
        await self._cargo.free(tx, job, job.source, await self._cargo.of(tx, job))
        await self._ends.publish(tx, job.source)
        return ended

    async def on_expiry(self, tx: Transaction, job_id: str) -> None:
        """Timer: nobody wants it."""
        job = await tx.transport_jobs.get(job_id)
        if job is not None and job.state is JobState.PENDING:
            ended = await self._end(tx, job, JobState.EXPIRED, NOBODY_CAME, ())
            tx.log(JobExpired.of(ended, self._world.stamp()))

    async def on_stuck_due(self, tx: Transaction, job_id: str) -> None:
        """Timer: who is on the way must have moved lately, or the job is offered to others."""
        job = await tx.transport_jobs.get(job_id)
        if job is None or job.state is not JobState.ASSIGNED:
            return
        at = await last_moved(tx, job.assignee_id or "", self._world.clock())
        if at is None:
            await self._offer_again(tx, job, NO_MOVEMENT)
        else:
            await set_timer(tx, timer(STUCK, job_id, at + STILL_FOR))
