"""Facts about jobs. Each carries the whole job, so that who hears one needs no other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field

from services.events import CreditsPosted, Fact, Topic
from services.job_figures import JobFigures, OfferFigures, figures, offer_figures
from services.job_models import Difference, EndKind, Job
from services.models import Battery
from services.pack_figures import PackFigures, pack_figures
from services.world import Stamp


class _JobFact(Fact):
    """Base: who hears it follows from the job, not from the fields that are told."""

    model_config = ConfigDict(extra="forbid")

    topic: ClassVar[Topic | None] = Topic.LOGISTICS
    room_names: ClassVar[tuple[str, ...]] = ()

    job_id: str
    audience: tuple[str, ...] = Field((), exclude=True)

    def rooms(self) -> tuple[str, ...]:
        return self.audience

    def key(self) -> str:
        return self.job_id


class _OfJob(JobFigures, _JobFact):
    """The whole job, heard by those whom it concerns."""

    model_config = ConfigDict(extra="forbid")

    room_names: ClassVar[tuple[str, ...]] = (
        "job:{job_id}",
        "user:{assignee_id}",
        "station:{from or to}:staff",
        "admin",
    )

    @classmethod
    def of(cls, job: Job, stamp: Stamp, **more: Any) -> Self:
        told = {"version": job.version, "audience": cls.heard_by(job), **figures(job)}
        return cls(**stamp, **{**told, **more})

    @classmethod
    def heard_by(cls, job: Job) -> tuple[str, ...]:
        return concerned(job)


class _OfOpenJob(_OfJob):
    """Heard also by those who may have had it on offer."""

    room_names = (*_OfJob.room_names, "transporters", "user:{whom it was offered to}")

    @classmethod
    def heard_by(cls, job: Job) -> tuple[str, ...]:
        return (*concerned(job), *offered(job))


class JobCreated(_OfJob):
    """Packs are reserved for a new job."""

    name = "job:created"
    type = "job.created"


class JobOffered(OfferFigures, _JobFact):
    """A job to take: pushed to the nearest transporters, then to more, then to all."""

    model_config = ConfigDict(extra="forbid")

    name = "job:offered"
    type = "job.offered"
    room_names = ("user:{whom it is offered to}", "transporters", "admin")

    wave: int

    @classmethod
    def to(cls, job: Job, stamp: Stamp, rooms: Iterable[str]) -> Self:
        heard = (*rooms, "admin")
        return cls(**stamp, version=job.version, wave=job.wave, audience=heard, **offer_figures(job))


class JobTakenByOther(_JobFact):
    """It is on offer no longer: somebody was faster."""

    name = "job:taken"
    topic = None
    room_names = ("transporters", "user:{whom it was offered to}")

    @classmethod
    def of(cls, job: Job, stamp: Stamp) -> Self:
        return cls(**stamp, version=job.version, job_id=job.id, audience=offered(job))


class JobDeclined(_JobFact):
    """A transporter does not want it: it is pushed to them no more."""

    name = "job:declined"
    type = "job.declined"
    room_names = ("user:{user_id}", "admin")

    user_id: str
    reason: str | None

    @classmethod
    def of(cls, job: Job, user_id: str, reason: str | None, stamp: Stamp) -> Self:
        audience = (f"user:{user_id}", "admin")
        told = {"version": job.version, "job_id": job.id, "user_id": user_id, "reason": reason}
        return cls(**stamp, **told, audience=audience)


class JobAccepted(_OfJob):
    """A transporter is on the way to the packs."""

    name = "job:accepted"
    type = "job.accepted"


class JobIncoming(_OfJob):
    """A van will come to the station, for packs or with them."""

    name = "job:incoming"
    topic = None
    room_names = ("station:{from or to}:staff", "admin")

    @classmethod
    def heard_by(cls, job: Job) -> tuple[str, ...]:
        return (*staff_rooms(job), "admin")


class JobPickedUp(_OfJob):
    """The packs are in the van."""

    name = "job:picked-up"
    type = "job.picked_up"


class JobCompleted(_OfJob):
    """The packs are where they were to go, and the transporter is paid."""

    name = "job:completed"
    type = "job.delivered"


class JobReleased(_OfJob):
    """It goes back on offer: given back, or taken from who did not move."""

    name = "job:released"
    type = "job.released"
    room_names = ("job:{job_id}", "user:{released_by}", "station:{from or to}:staff", "admin")

    released_by: str
    reason: str | None


class JobCancelled(_OfOpenJob):
    """An administrator has ended it."""

    name = "job:cancelled"
    type = "job.cancelled"


class JobExpired(_OfOpenJob):
    """Nobody accepted in time."""

    name = "job:expired"
    type = "job.expired"


class JobDiffers(_JobFact):
    """Other packs were scanned than expected: somebody has to look where they are."""

    name = "job:differs"
    type = "job.discrepancy"
    room_names = _OfJob.room_names

    at_end: Literal["from", "to"]
    end_kind: EndKind
    end_id: str
    user_id: str
    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    @classmethod
    def of(cls, job: Job, difference: Difference, stamp: Stamp) -> Self:
        end = job.source if difference.at_end == "from" else job.target
        return cls(
            **stamp,
            version=job.version,
            job_id=job.id,
            at_end=difference.at_end,
            end_kind=end.kind,
            end_id=end.id,
            user_id=job.assignee_id or "",
            missing=difference.missing,
            surplus=difference.surplus,
            audience=concerned(job),
        )


class BatteryCarried(PackFigures, _JobFact):
    """A pack has gone from or to a partner: no station's staff hears of it."""

    type = "battery.moved"

    @classmethod
    def of(cls, job: Job, pack: Battery, stamp: Stamp) -> Self:
        return cls(
            **stamp,
            version=pack.version,
            job_id=job.id,
            **pack_figures(pack),
        )


class TransportPaid(CreditsPosted):
    """A transporter's reward was posted."""

    topic = Topic.LOGISTICS

    job_id: str

    def key(self) -> str:
        return self.job_id


def job_room(job_id: str) -> str:
    return f"job:{job_id}"


def staff_rooms(job: Job) -> tuple[str, ...]:
    """The rooms of the staff at its ends that are stations."""
    ends = (job.source, job.target)
    return tuple(f"station:{end.id}:staff" for end in ends if end.kind is EndKind.STATION)


def concerned(job: Job) -> tuple[str, ...]:
    """The job's own room, its transporter, the staff at both ends, admins."""
    assignee = (f"user:{job.assignee_id}",) if job.assignee_id else ()
    return (job_room(job.id), *assignee, *staff_rooms(job), "admin")


def offered(job: Job) -> tuple[str, ...]:
    """Everybody who may have it on offer."""
    return ("transporters", *(f"user:{user_id}" for user_id in job.offered_to))
