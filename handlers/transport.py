"""`job:*`: packs carried between stations and partners."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from handlers.lists import List
from hub.operations import Call, Operations
from services.answers import Page
from services.base import BatteryId, Id, JobId, Model, UserId
from services.errors import Forbidden
from services.job_figures import EndRef, JobHistory, JobView, OfferView
from services.models import STANDARD, Role
from services.transport import Order

operation = Operations("job")

MOST_PACKS = 200

Reason = Annotated[str | None, Field(max_length=200)]
Scanned = Annotated[
    list[BatteryId], Field(min_length=1, max_length=MOST_PACKS, description="every pack that was scanned")
]


class Available(List):
    max_distance_km: float | None = Field(None, gt=0, le=20_000, description="from the caller to the packs")


class OfJob(Model):
    job_id: JobId


class WithReason(OfJob):
    reason: Reason = None


class Scan(OfJob):
    battery_ids: Scanned


class Create(Model):
    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True, serialize_by_alias=True)

    source: EndRef = Field(alias="from")
    target: EndRef = Field(alias="to")
    battery_count: int = Field(ge=1, le=MOST_PACKS)
    battery_type: Id = STANDARD
    priority: int = Field(1, ge=1, le=5, description="5 is the most urgent")

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Create:
        if self.source == self.target:
            raise ValueError("from and to are the same place")
        return self


class History(List):
    transporter_id: UserId


@operation("available", rest=("GET", "/transport/jobs/available"), roles={Role.TRANSPORTER})
async def available(call: Call, body: Available) -> Page[OfferView]:
    """Jobs to take: the most urgent first, then those with the nearest packs."""
    return await call.services.jobs.available(
        call.user_id, max_distance_km=body.max_distance_km, limit=body.limit, cursor=body.cursor
    )


@operation("accept", rest=("POST", "/transport/job/accept"), roles={Role.TRANSPORTER})
async def accept(call: Call, body: OfJob) -> JobView:
    """Take a job; one caller wins it, the others get `job_taken`."""
    return await call.services.transport.accept(body.job_id, by=call.user_id)


@operation("decline", rest=("POST", "/transport/job/{job_id}/decline"), roles={Role.TRANSPORTER})
async def decline(call: Call, body: WithReason) -> JobView:
    """Do not want an offer: it is pushed to the caller no more."""
    return await call.services.transport.decline(body.job_id, body.reason, by=call.user_id)


@operation("release", rest=("POST", "/transport/job/{job_id}/release"), roles={Role.TRANSPORTER})
async def release(call: Call, body: WithReason) -> JobView:
    """Give an accepted job back before its packs are aboard; it is offered again."""
    return await call.services.transport.release(body.job_id, body.reason, by=call.user_id)


@operation("pickup", rest=("POST", "/transport/job/{job_id}/pickup"), roles={Role.TRANSPORTER})
async def pickup(call: Call, body: Scan) -> JobView:
    """Take the scanned packs of the job into the van, at the place where they are."""
    return await call.services.carriage.pickup(body.job_id, body.battery_ids, by=call.user_id)


@operation("complete", rest=("POST", "/transport/job/{job_id}/complete"), roles={Role.TRANSPORTER})
async def complete(call: Call, body: Scan) -> JobView:
    """Hand the scanned packs over at the place where they go; each is paid."""
    return await call.services.carriage.deliver(body.job_id, body.battery_ids, by=call.user_id)


@operation("create", rest=("POST", "/transport/job"), roles={Role.ADMIN})
async def create(call: Call, body: Create) -> JobView:
    """Reserve packs for a new job and offer it to the nearest transporters."""
    return await call.services.transport.create(Order(**dict(body)), by=call.user_id)


@operation("cancel", rest=("DELETE", "/transport/job/{job_id}"), roles={Role.ADMIN})
async def cancel(call: Call, body: WithReason) -> JobView:
    """End a job that is not delivered yet; its packs are free again where they are."""
    return await call.services.transport.cancel(body.job_id, body.reason)


@operation(
    "history", rest=("GET", "/transport/history/{transporter_id}"), roles={Role.TRANSPORTER, Role.ADMIN}
)
async def history(call: Call, body: History) -> JobHistory:
    """A transporter's jobs, newest first, with the sums of what was delivered; for themselves and admins."""
    if call.role is not Role.ADMIN and body.transporter_id != call.user_id:
        raise Forbidden(transporter_id=body.transporter_id)
    return await call.services.jobs.history(body.transporter_id, limit=body.limit, cursor=body.cursor)
