"""`swap:*`: the exchange of packs."""

from __future__ import annotations

from pydantic import Field

from handlers.duty import is_staff_of
from handlers.lists import List
from hub.operations import Call, Operations
from services.answers import CountedPage, SwapDone, SwapView
from services.base import BatteryId, Model, SwapId, UserId
from services.errors import Forbidden, NotFound
from services.models import PackHealth, Role, Swap
from services.swap import Handover, view

operation = Operations("swap")


class Complete(Model):
    swap_id: SwapId
    old_battery_id: BatteryId | None = Field(description="null for a rider's first pack")
    new_battery_id: BatteryId
    old_battery_health: PackHealth
    old_battery_soc: float | None = Field(None, ge=0, le=100, description="%")
    notes: str | None = Field(None, max_length=1000)


class Cancel(Model):
    swap_id: SwapId
    reason: str = Field(min_length=1, max_length=200)


class OfSwap(Model):
    swap_id: SwapId


class History(List):
    user_id: UserId


async def _seen_by_staff(call: Call, swap_id: str) -> Swap:
    """The swap, for staff of its station and admins. Raises NotFound: others may not know of it."""
    swap = await call.services.swap.get(swap_id)
    if call.role is not Role.ADMIN and not await is_staff_of(call, swap.station_id):
        raise NotFound(swap_id=swap_id)
    return swap


@operation("complete", rest=("POST", "/swap/complete"), roles={Role.STAFF})
async def complete(call: Call, body: Complete) -> SwapDone:
    """Close a swap: packs change hands, the rider is credited, the queue moves up."""
    await _seen_by_staff(call, body.swap_id)
    handover = Handover(**body.model_dump(exclude={"swap_id"}))
    return await call.services.swap.complete(body.swap_id, handover, by=call.user_id)


@operation("cancel", rest=("POST", "/swap/{swap_id}/cancel"), roles={Role.STAFF, Role.ADMIN})
async def cancel(call: Call, body: Cancel) -> SwapView:
    """Stop a swap: its entry ends, packs stay where they are, credits are voided."""
    await _seen_by_staff(call, body.swap_id)
    return await call.services.swap.cancel(body.swap_id, body.reason)


@operation("get", rest=("GET", "/swap/{swap_id}"), roles={Role.CONSUMER, Role.STAFF, Role.ADMIN})
async def get(call: Call, body: OfSwap) -> SwapView:
    """One swap, for its rider, its station's staff and admins."""
    swap = await call.services.swap.get(body.swap_id)
    if not (call.role is Role.CONSUMER and swap.user_id == call.user_id):
        swap = await _seen_by_staff(call, body.swap_id)
    return view(swap)


@operation("history", rest=("GET", "/swap/user/{user_id}"), roles={Role.CONSUMER, Role.ADMIN})
async def history(call: Call, body: History) -> CountedPage[SwapView]:
    """A rider's swaps, newest first, for themselves and admins."""
    if call.role is not Role.ADMIN and body.user_id != call.user_id:
        raise Forbidden(user_id=body.user_id)
    return await call.services.swap.history(body.user_id, limit=body.limit, cursor=body.cursor)
