"""Partners: shops that store packs."""

from __future__ import annotations

from typing import Final

from services.answers import Page
from services.errors import Conflict, NotFound, raise_
from services.forms import PartnerForm, Stored, given, require
from services.models import HolderKind, Partner
from services.paging import page_upwards
from services.ports import Snapshot, Transaction, Where
from services.saved_answers import PartnerCard
from services.saved_events import PartnerSaved
from services.world import World

CAPACITY: Final = 40  # packs, of a new partner that names none
OWN_ID: Final = ("partner_id",)


class PartnerService:
    """Saves and lists partners."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def list(self, *, limit: int, cursor: str | None) -> Page[PartnerCard]:
        """Partners by id, each with the packs that it stores now."""
        reads = self._world.records.now
        found = await page_upwards(reads.partner_shops, {}, limit=limit, cursor=cursor)
        stored = await _stored(reads, *(partner.id for partner in found.items))
        cards = [card_of(partner, stored.get(partner.id, 0)) for partner in found.items]
        return Page(items=cards, next_cursor=found.next_cursor)

    async def save(self, form: PartnerForm) -> PartnerCard:
        """Make a partner, or change what is given of one.

        Raises ValidationFailed when a new one lacks a field, Conflict for less room than it has packs.
        """
        async with self._world.records.transaction() as tx:
            await self.store(tx, form)
            partner = await tx.partner_shops.get(form.partner_id) or raise_(
                NotFound(partner_id=form.partner_id)
            )
            return card_of(partner, (await _stored(tx, partner.id)).get(partner.id, 0))

    async def store(self, tx: Transaction, form: PartnerForm) -> Stored:
        """One form, in its caller's transaction."""
        known = await tx.partner_shops.get(form.partner_id)
        values = given(form, but=OWN_ID)
        if known is None:
            require(form, "name", "location")
            partner = Partner.model_validate({"id": form.partner_id, "capacity": CAPACITY, **values})
            await tx.partner_shops.insert(partner)
        else:
            if known == known.model_copy(update=values):
                return None
            partner = known.changed(**values)
            stored = (await _stored(tx, partner.id)).get(partner.id, 0)
            if stored > partner.capacity:
                raise Conflict(partner_id=partner.id, capacity=partner.capacity, stored=stored)
            await tx.partner_shops.replace(partner)
        tx.log(
            PartnerSaved(
                **self._world.stamp(),
                version=partner.version,
                partner_id=partner.id,
                partner_name=partner.name,
                location=partner.location,
                capacity=partner.capacity,
            )
        )
        return set()


async def _stored(reads: Snapshot | Transaction, *ids: str) -> dict[str, int]:
    """How many packs each partner has."""
    if not ids:
        return {}
    at: Where = {"holder.kind": HolderKind.PARTNER, "holder.id": ids}
    return {str(id): count for (id,), count in (await reads.batteries.tally(("holder.id",), at)).items()}


def card_of(partner: Partner, stored: int) -> PartnerCard:
    """A partner as admins and transporters see it."""
    return PartnerCard(
        partner_id=partner.id,
        name=partner.name,
        location=partner.location,
        capacity=partner.capacity,
        stored=stored,
        version=partner.version,
    )
