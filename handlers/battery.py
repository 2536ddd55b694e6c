"""`battery:*`: packs as they are registered, and as a scan shows them."""

from __future__ import annotations

from handlers.lists import Numbered
from hub.operations import Call, Operations
from services.base import BatteryId
from services.forms import BatteryForm
from services.models import Role
from services.saved_answers import BatteryCard, BatteryDetails

operation = Operations("battery")


class OfBattery(Numbered):
    battery_id: BatteryId


@operation("get", rest=("GET", "/battery/{battery_id}"), roles={Role.STAFF, Role.ADMIN})
async def get(call: Call, body: OfBattery) -> BatteryDetails:
    """A pack: its state, who has it, and its custody chain, newest first."""
    return await call.services.batteries.get(body.battery_id, limit=body.limit, cursor=body.cursor)


@operation("save", rest=("PUT", "/battery/{battery_id}"), roles={Role.ADMIN})
async def save(call: Call, body: BatteryForm) -> BatteryCard:
    """Register a pack, or change what is given of one; `state: "charging"` releases a quarantined pack."""
    return await call.services.batteries.save(body, by=call.user_id)
