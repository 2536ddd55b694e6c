"""When the next sign of a pack is due, by where it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.models import Battery, HolderKind
from services.ports import Transaction
from services.timers import clear_timers, set_timer, timer

DUE: Final = "pack.due"  # timer: a sign of one pack is due

DUE_WITHIN: Final = {HolderKind.VAN: timedelta(hours=24), HolderKind.RIDER: timedelta(days=30)}
"""How long after a handover: a van delivers, a rider swaps. Elsewhere packs may lie, or are read."""

LEFT_IN_VAN: Final = timedelta(hours=4)  # the same after its job has ended without it

READ_EVERY: Final = timedelta(hours=2)
"""A reading is recorded at least so often, though it says nothing new: the pack is still there."""


async def expect_sign(tx: Transaction, pack: Battery, now: datetime) -> None:
    """A pack has another holder, from whom a sign is due or not."""
    within = DUE_WITHIN.get(pack.holder.kind)
    if within is None:
        await clear_timers(tx, pack.id, DUE)
    else:
        await set_timer(tx, timer(DUE, pack.id, now + within))


async def expect_back(tx: Transaction, pack: Battery, now: datetime) -> None:
    """Its job has ended, and it is in the van."""
    if pack.holder.kind is HolderKind.VAN:
        await set_timer(tx, timer(DUE, pack.id, now + LEFT_IN_VAN))


def is_to_be_read(pack: Battery, now: datetime) -> bool:
    """Is it time to record that the pack is still there?"""
    return pack.read_at is None or now - pack.read_at >= READ_EVERY
