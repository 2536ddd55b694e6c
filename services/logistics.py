"""Packs and those who carry them: the fleet by holder, jobs by state, partners' stock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from pydantic import Field

from services.base import Instant, Model
from services.geo import travel_s
from services.job_models import Job
from services.models import HolderKind, Partner
from services.ports import Range, Scalar, Where
from services.states import OPEN_JOB, BatteryState, JobState
from services.world import World

LATELY: Final = timedelta(hours=24)
MOST_DELIVERIES: Final = 1000  # the newest of the last day, of which the share on time is made
MOST_OPEN_JOBS: Final = 1000
MOST_PARTNERS: Final = 200
HANDLING_S: Final = 30 * 60.0  # at both ends together
SLACK: Final = 1.5  # of the ride


class JobsInState(Model):
    """Open jobs of one state; ages since they were made."""

    state: JobState
    jobs: int = Field(description="all of them; the rest of it is of the oldest 1,000")
    packs: int = Field(description="reserved, or in the van")
    oldest_minutes: float | None = Field(description="age of the oldest; null without any")
    median_minutes: float | None = Field(description="median of their ages; null without any")


class PacksAt(Model):
    """Packs of one kind of holder; every pack of the network has exactly one."""

    holder: HolderKind
    packs: int
    by_state: dict[BatteryState, int]


class PartnerStock(Model):
    partner_id: str
    name: str
    capacity: int
    stored: int


class Logistics(Model):
    """`at`: when it was read."""

    at: Instant
    fleet: int = Field(description="packs of the network, lost ones too: the sum over their holders")
    holders: list[PacksAt] = Field(description="every kind of holder, also those that have none")
    jobs: list[JobsInState] = Field(description="open jobs by state")
    ended_today: dict[JobState, int] = Field(description="jobs that ended within the last 24 hours")
    deliveries: int = Field(description="deliveries of the last 24 hours, at most the newest 1,000")
    on_time_share: float | None = Field(
        description="share of these that took from acceptance to delivery at most half an hour and 1.5 times "
        "the ride between the ends; null without any"
    )
    partners: list[PartnerStock] = Field(description="the first 200 by id; `partner:list` has all")
    partner_capacity: int = Field(description="of these")
    partner_stored: int = Field(description="of these")


class LogisticsReads:
    """Reads by indexes; of jobs and deliveries a bounded number."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def now(self) -> Logistics:
        at = self._world.clock()
        holders = await self._holders()
        done = await self._deliveries(at)
        partners = await self._partners()
        return Logistics(
            at=at,
            fleet=sum(holder.packs for holder in holders),
            holders=holders,
            jobs=await self._open(at),
            ended_today=await self._ended(at),
            deliveries=len(done),
            on_time_share=round(sum(map(is_on_time, done)) / len(done), 4) if done else None,
            partners=partners,
            partner_capacity=sum(partner.capacity for partner in partners),
            partner_stored=sum(partner.stored for partner in partners),
        )

    async def _holders(self) -> list[PacksAt]:
        """In one read, so that no pack is counted on both sides of a handover."""
        everywhere = {"holder.kind": tuple(HolderKind)}
        found = await self._world.records.now.batteries.tally(("holder.kind", "state"), everywhere)
        by_kind: dict[HolderKind, Counter[BatteryState]] = {kind: Counter() for kind in HolderKind}
        for (kind, state), count in found.items():
            by_kind[HolderKind(str(kind))][BatteryState(str(state))] += count
        return [PacksAt(holder=kind, packs=some.total(), by_state=some) for kind, some in by_kind.items()]

    async def _open(self, at: datetime) -> list[JobsInState]:
        reads = self._world.records.now.transport_jobs
        counts = await reads.tally(("state",), {"state": OPEN_JOB})
        found = [(state, await reads.find({"state": state}, limit=MOST_OPEN_JOBS)) for state in OPEN_JOB]
        return [_in_state(state, counts.get((state,), 0), jobs, at) for state, jobs in found]

    async def _ended(self, at: datetime) -> dict[JobState, int]:
        lately = {"ended_at": Range(gte=at - LATELY)}
        found = await self._world.records.now.transport_jobs.tally(("state",), lately)
        return {JobState(str(state)): count for (state,), count in found.items()}

    async def _deliveries(self, at: datetime) -> list[Job]:
        lately: Where = {"ended_at": Range(gte=at - LATELY), "state": JobState.DELIVERED}
        return await self._world.records.now.transport_jobs.find(
            lately, order=("-ended_at",), limit=MOST_DELIVERIES
        )

    async def _partners(self) -> list[PartnerStock]:
        reads = self._world.records.now
        partners = await reads.partner_shops.find({}, limit=MOST_PARTNERS)
        stored = await self._stored(partners)
        return [
            PartnerStock(
                partner_id=one.id, name=one.name, capacity=one.capacity, stored=stored.get((one.id,), 0)
            )
            for one in partners
        ]

    async def _stored(self, partners: Sequence[Partner]) -> dict[tuple[Scalar, ...], int]:
        there: Where = {"holder.kind": HolderKind.PARTNER, "holder.id": tuple(one.id for one in partners)}
        return await self._world.records.now.batteries.tally(("holder.id",), there) if partners else {}


def _in_state(state: JobState, count: int, oldest: Sequence[Job], at: datetime) -> JobsInState:
    ages = [(at - job.created_at).total_seconds() / 60 for job in oldest]
    return JobsInState(
        state=state,
        jobs=count,
        packs=sum(len(job.loaded_ids or job.battery_ids) for job in oldest),
        oldest_minutes=round(max(ages), 1) if ages else None,
        median_minutes=round(median(ages), 1) if ages else None,
    )


def is_on_time(job: Job) -> bool:
    """Did a delivered job take no longer than its way and its packs explain?"""
    if job.assigned_at is None or job.ended_at is None:
        return False
    limit_s = HANDLING_S + SLACK * travel_s(job.distance_m)
    return (job.ended_at - job.assigned_at).total_seconds() <= limit_s
