"""Jobs as they are listed: on offer, at a station, of a transporter, over."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from services.answers import Page
from services.base import Location
from services.errors import NotFound, ValidationFailed, raise_
from services.geo import distance_m, travel_s
from services.job_figures import JobFigures, JobHistory, JobTotals, JobVan, JobView, OfferView, VanPosition
from services.job_models import EndKind, Job
from services.offers import Offers, is_offered_to, is_open_to_all
from services.paging import page
from services.ports import Scalar, Where
from services.states import OPEN_JOB, UNDERWAY, JobState
from services.world import World

FARTHEST_M: Final = 99_999_999  # stands for a distance that nobody knows, behind every other


class JobReads:
    """Reads jobs from the records; changes nothing."""

    def __init__(self, world: World, offers: Offers) -> None:
        self._world = world
        self._offers = offers

    async def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        return await self._world.records.now.transport_jobs.get(job_id) or raise_(NotFound(job_id=job_id))

    async def available(
        self, user_id: str, *, max_distance_km: float | None, limit: int, cursor: str | None
    ) -> Page[OfferView]:
        """Jobs to take, whoever they were pushed to: by priority, then the nearest packs first.

        With a longest distance those farther away are left out; nothing is while nobody knows where
        the caller is.
        """
        jobs = await self._pending()
        views = await gather(*(self._offer(job, user_id) for job in jobs))
        reach_m = FARTHEST_M if max_distance_km is None else max_distance_km * 1000
        near = [view for view in views if view.pickup_distance_m is None or view.pickup_distance_m <= reach_m]
        after = _place_of(cursor) if cursor else None
        rest = sorted((view for view in near if after is None or _rank(view) > after), key=_rank)
        following = _cursor(rest[limit - 1]) if len(rest) > limit else None
        return Page(items=rest[:limit], next_cursor=following)

    async def _pending(self) -> list[Job]:
        now = self._world.clock()
        return [job for job in await self._find({"state": JobState.PENDING}) if job.expires_at > now]

    async def _offer(self, job: Job, user_id: str) -> OfferView:
        away_m = await self._offers.away_m(user_id, job.source.location)
        return OfferView.of(job, None if away_m is None else round(away_m))

    async def history(self, user_id: str, *, limit: int, cursor: str | None) -> JobHistory:
        """A transporter's jobs, newest first, with the sums over those delivered."""
        jobs = self._world.records.now.transport_jobs
        found = await page(jobs, {"assignee_id": user_id}, limit=limit, cursor=cursor)
        done: Where = {"assignee_id": user_id, "state": JobState.DELIVERED}
        totals = JobTotals(
            jobs=await jobs.count(done),
            batteries=await jobs.sum("delivered_count", done),
            distance_m=await jobs.sum("distance_m", done),
            credits=await jobs.sum("credits_earned", done),
        )
        items = [JobView.of(job) for job in found.items]
        return JobHistory(items=items, next_cursor=found.next_cursor, totals=totals)

    # -- what rooms show

    async def van(self, job: Job | JobFigures) -> VanPosition | None:
        """Where a job's packs or its transporter are, while they are on the way."""
        if job.state not in UNDERWAY:
            return None
        fix = await self._world.live.position(job.assignee_id or "")
        return None if fix is None else van_position(job, fix.location, fix.at, fix.trust)

    async def vans(self, jobs: Iterable[JobView]) -> list[JobVan]:
        """The vans of those jobs of which it is known where they are."""
        seen = [(job, await self.van(job)) for job in jobs]
        return [
            JobVan(job_id=job.job_id, assignee_id=job.assignee_id or "", van=van) for job, van in seen if van
        ]

    async def open_to_all(self) -> list[OfferView]:
        """What has been pushed to every transporter."""
        return [OfferView.of(job) for job in await self._pending() if is_open_to_all(job)]

    async def offered_to(self, user_id: str) -> list[OfferView]:
        """What has been pushed to one transporter by name."""
        return [OfferView.of(job) for job in await self._pending() if is_offered_to(job, user_id)]

    async def underway_of(self, user_id: str) -> list[JobView]:
        """What a transporter is on the way with."""
        return [JobView.of(job) for job in await self._find({"assignee_id": user_id, "state": UNDERWAY})]

    async def underway_at(self, station_id: str) -> list[JobView]:
        """For which a van comes to a station, by id."""
        found = {job.id: job for end in ("source", "target") for job in await self._at(end, station_id)}
        return [JobView.of(found[id]) for id in sorted(found)]

    async def _at(self, end: str, station_id: str) -> list[Job]:
        here: dict[str, Scalar] = {f"{end}.id": station_id, f"{end}.kind": EndKind.STATION}
        return await self._find({**here, "state": UNDERWAY})

    async def open(self) -> list[JobView]:
        return [JobView.of(job) for job in await self._find({"state": OPEN_JOB})]

    async def _find(self, where: Where) -> list[Job]:
        return await self._world.records.now.transport_jobs.find(where)


def van_position(job: Job | JobFigures, here: Location, fix_at: datetime, trust: float) -> VanPosition:
    """A fix of a job's transporter, seen from the end that they go to."""
    ahead = job.source if job.state is JobState.ASSIGNED else job.target
    left_m = distance_m(here, ahead.location)
    minutes = round(travel_s(left_m) / 60, 1)
    return VanPosition(
        location=here, fix_at=fix_at, trust=trust, distance_left_m=round(left_m), eta_minutes=minutes
    )


Rank = tuple[int, int, str]


def _rank(view: OfferView) -> Rank:
    away_m = FARTHEST_M if view.pickup_distance_m is None else view.pickup_distance_m
    return -view.priority, away_m, view.job_id


def _cursor(view: OfferView) -> str:
    priority, away_m, id = _rank(view)
    return f"{-priority}:{away_m}:{id}"


def _place_of(cursor: str) -> Rank:
    priority, _, rest = cursor.partition(":")
    away_m, _, id = rest.partition(":")
    if not (priority.isdecimal() and away_m.isdecimal()):
        raise ValidationFailed([{"path": "cursor", "message": "is not one of this list"}])
    return -int(priority), int(away_m), id
