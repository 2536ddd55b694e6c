"""`partner:*`: shops that store packs."""

from __future__ import annotations

from handlers.lists import List
from hub.operations import Call, Operations
from services.answers import Page
from services.forms import PartnerForm
from services.models import Role
from services.saved_answers import PartnerCard

operation = Operations("partner")


@operation("list", rest=("GET", "/partner/list"), roles={Role.TRANSPORTER, Role.ADMIN})
async def list_partners(call: Call, body: List) -> Page[PartnerCard]:
    """Every partner, by id."""
    return await call.services.partners.list(limit=body.limit, cursor=body.cursor)


@operation("save", rest=("PUT", "/partner/{partner_id}"), roles={Role.ADMIN})
async def save(call: Call, body: PartnerForm) -> PartnerCard:
    """Make a partner, or change what is given of one."""
    return await call.services.partners.save(body)
