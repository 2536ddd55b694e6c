"""Offers of a job go out in waves: the nearest 3 transporters, then 10, then all."""

from __future__ import annotations

from asyncio import gather
from datetime import timedelta
from typing import Final

from services.base import Location
from services.geo import distance_m
from services.job_events import JobOffered
from services.job_models import Job
from services.models import Role
from services.ports import Transaction
from services.states import JobState
from services.timers import clear_timers, set_timer, timer
from services.world import World

WAVES: Final = (3, 10)  # how many of the nearest have been asked after each; after these it is for all
LAST_WAVE: Final = len(WAVES) + 1
WAVE_EVERY: Final = timedelta(seconds=45)
STANDS_FOR: Final = timedelta(hours=1)  # an offer that nobody takes; its packs are free again then
KNOWN_FOR: Final = timedelta(minutes=15)  # an older fix does not tell who is near

WAVE: Final = "job.wave"
EXPIRY: Final = "job.expiry"


class Offers:
    """Steps on a pending job, each inside its caller's transaction."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def begin(self, tx: Transaction, job: Job) -> Job:
        """Offer a job, for the first time or anew, from the first wave on."""
        await set_timer(tx, timer(EXPIRY, job.id, job.expires_at))
        return await self.next_wave(tx, job)

    async def next_wave(self, tx: Transaction, job: Job) -> Job:
        """Push the job to whom the next wave reaches; a wave that reaches nobody new is left out."""
        near = await self._by_distance(tx, job)
        for wave, size in enumerate(WAVES[job.wave :], job.wave + 1):
            new = tuple(user_id for user_id in near[:size] if user_id not in job.offered_to)
            if new:
                rooms = [f"user:{user_id}" for user_id in new]
                await set_timer(tx, timer(WAVE, job.id, self._world.clock() + WAVE_EVERY))
                return await self._push(tx, job, wave, new, rooms)
        await clear_timers(tx, job.id, WAVE)
        return await self._push(tx, job, LAST_WAVE, (), ["transporters"])

    async def _push(
        self, tx: Transaction, job: Job, wave: int, users: tuple[str, ...], rooms: list[str]
    ) -> Job:
        pushed = job.changed(wave=wave, offered_to=(*job.offered_to, *users))
        await tx.transport_jobs.replace(pushed)
        tx.log(JobOffered.to(pushed, self._world.stamp(), rooms))
        return pushed

    async def on_wave_due(self, tx: Transaction, job_id: str) -> None:
        """Timer: nobody of this wave has taken it."""
        job = await tx.transport_jobs.get(job_id)
        if job is not None and job.state is JobState.PENDING and job.wave < LAST_WAVE:
            await self.next_wave(tx, job)

    async def end(self, tx: Transaction, job_id: str) -> None:
        """It is on offer no longer."""
        await clear_timers(tx, job_id, WAVE, EXPIRY)

    async def _by_distance(self, tx: Transaction, job: Job) -> list[str]:
        """Transporters of whom it is known where they are, who has not declined, nearest first."""
        if job.wave >= len(WAVES):
            return []
        users = [user.id for user in await tx.users.find({"role": Role.TRANSPORTER})]
        asked = [user_id for user_id in users if user_id not in job.declined_by]
        away = await gather(*(self.away_m(user_id, job.source.location) for user_id in asked))
        known = sorted(
            (metres, user_id) for metres, user_id in zip(away, asked, strict=True) if metres is not None
        )
        return [user_id for _, user_id in known]

    async def away_m(self, user_id: str, place: Location) -> float | None:
        """How far somebody is from a place, in metres; none when no fix of late says where they are."""
        fix = await self._world.live.position(user_id)
        if fix is None or self._world.clock() - fix.at > KNOWN_FOR:
            return None
        return distance_m(fix.location, place)


def is_open_to_all(job: Job) -> bool:
    """Is it pushed to every transporter by now?"""
    return job.state is JobState.PENDING and job.wave >= LAST_WAVE


def is_exhausted(job: Job) -> bool:
    """Has everybody whom it was pushed to by name declined?"""
    return 0 < job.wave < LAST_WAVE and set(job.offered_to) <= set(job.declined_by)


def is_offered_to(job: Job, user_id: str) -> bool:
    """Was it pushed to them, by name, and have they not declined?"""
    return job.state is JobState.PENDING and user_id in job.offered_to and user_id not in job.declined_by
