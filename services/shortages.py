"""A promise that cannot be kept any more: its rider is told by then, and offered the next best place."""

from __future__ import annotations

from services.holds import ON_THE_WAY
from services.models import PackPromise
from services.ports import Transaction
from services.rebooking import Rebooking
from services.waiting_models import OfferReason


class Shortages:
    """Looks after riders who are on the way to a pack that will not be there; who is there waits."""

    def __init__(self, rebooking: Rebooking) -> None:
        self._rebooking = rebooking

    async def on_short(self, tx: Transaction, entry_id: str) -> None:
        """Timer, due at once: the rider keeps the place, and may take the one that is offered instead."""
        entry = await tx.queues.get(entry_id)
        if entry is not None and entry.state in ON_THE_WAY and entry.pack is PackPromise.SHORT:
            await self._rebooking.offer_instead(tx, entry, OfferReason.NO_BATTERY)
