"""A job in figures: the parts that answers, events and rooms share."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.answers import Page
from services.base import Id, Instant, Location, Model
from services.job_models import Difference, EndKind, Job, JobEnd
from services.states import JobState


class _FromTo(Model):
    """`from` is a word of Python: the wire's names are aliases."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)


class EndRef(Model):
    """A station or a partner, named."""

    kind: EndKind
    id: Id


class OfferFigures(_FromTo):
    """What a transporter needs to know to take a job: metres, credits, until when."""

    job_id: str
    source: JobEnd = Field(alias="from")
    target: JobEnd = Field(alias="to")
    battery_count: int
    distance_m: int  # between the ends, in a straight line
    credits: int
    priority: int
    expires_at: Instant


class JobFigures(OfferFigures):
    """Everything of a job but its version."""

    state: JobState
    battery_ids: tuple[str, ...]
    loaded_ids: tuple[str, ...]
    delivered_ids: tuple[str, ...]
    differences: tuple[Difference, ...]
    assignee_id: str | None
    assignee_name: str | None
    credits_earned: int
    order_reason: str | None
    created_at: Instant
    assigned_at: Instant | None
    picked_up_at: Instant | None
    ended_at: Instant | None
    end_reason: str | None


class JobView(JobFigures):
    """A job as those whom it concerns see it."""

    version: int

    @classmethod
    def of(cls, job: Job) -> JobView:
        return cls(version=job.version, **figures(job))


class OfferView(OfferFigures):
    """A job on offer, and how far from the caller its packs are; null when nobody knows where that is."""

    pickup_distance_m: int | None
    version: int

    @classmethod
    def of(cls, job: Job, pickup_distance_m: int | None = None) -> OfferView:
        return cls(version=job.version, pickup_distance_m=pickup_distance_m, **offer_figures(job))


class VanPosition(Model):
    """Where a van is, how far from where it goes as the crow flies, and how long that takes in the city."""

    location: Location
    fix_at: Instant
    trust: float  # of the fix, 0 to 1
    distance_left_m: int
    eta_minutes: float


class JobVan(Model):
    """The van of a job that is underway: what `job:moved` carries."""

    job_id: str
    assignee_id: str
    van: VanPosition


class JobTotals(Model):
    """What a transporter has delivered so far."""

    jobs: int
    batteries: int
    distance_m: int
    credits: int


class JobHistory(Page[JobView]):
    """A part of a transporter's jobs, newest first, and the sums over all that were delivered."""

    totals: JobTotals


def offer_figures(job: Job) -> dict[str, Any]:
    """Fields of OfferFigures."""
    return {
        "job_id": job.id,
        "source": job.source,
        "target": job.target,
        "battery_count": len(job.battery_ids),
        "distance_m": job.distance_m,
        "credits": job.credits,
        "priority": job.priority,
        "expires_at": job.expires_at,
    }


_SAME = tuple(name for name in JobFigures.model_fields if name not in OfferFigures.model_fields)


def figures(job: Job) -> dict[str, Any]:
    """Fields of JobFigures."""
    return {**offer_figures(job), **{name: getattr(job, name) for name in _SAME}}
