"""Who handed a pack to whom: a chain of records for each pack, each with the hash of the one before."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Final

from services.base import rfc3339
from services.models import Battery, Custody, Holder
from services.pack_signs import expect_sign
from services.ports import Transaction
from services.world import World

FIRST: Final = ""  # the previous hash of a chain's first record


class CustodyService:
    """The one way in which a pack gets another holder."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def register(self, tx: Transaction, pack: Battery, *, by: str, proof: str) -> Battery:
        """Insert a pack that is new to the network, with the first record of its chain."""
        record = self._record(pack, None, by, proof)
        registered = _with_head(pack, record)
        await tx.batteries.insert(registered)
        await tx.custody.insert(record)
        await expect_sign(tx, pack, record.at)
        return registered

    async def hand_over(
        self, tx: Transaction, before: Battery, after: Battery, *, by: str, proof: str
    ) -> Battery:
        """Store a pack's next version, and a record when its holder is another; answers what is stored.

        `by` is who did it, `proof` what shows that they might: `swap:{id}`, `job:{id}`, `battery:save`.
        """
        if after.holder == before.holder:
            await tx.batteries.replace(after)
            return after
        record = self._record(after, before.holder, by, proof)
        handed = _with_head(after, record)
        await tx.batteries.replace(handed)
        await tx.custody.insert(record)
        await expect_sign(tx, after, record.at)
        return handed

    def _record(self, pack: Battery, giver: Holder | None, by: str, proof: str) -> Custody:
        number = pack.custody_count + 1
        record = Custody(
            id=f"{pack.id}:{number:08}",
            battery_id=pack.id,
            number=number,
            giver=giver,
            taker=pack.holder,
            actor=by,
            proof=proof,
            at=self._world.clock(),
            previous_hash=pack.custody_hash,
            hash="",
        )
        return record.model_copy(update={"hash": hash_of(record)})


def _with_head(pack: Battery, record: Custody) -> Battery:
    """The pack knows the end of its chain: a record that is cut off is missed. Elsewhere it charges anew."""
    head = {"custody_count": record.number, "custody_hash": record.hash}
    return pack.model_copy(update={**head, "charge": None, "charged_at": None, "read_at": None})


def hash_of(record: Custody) -> str:
    """SHA-256 of everything in a record but its own hash, as compact JSON; hexadecimal."""
    parts = [
        record.battery_id,
        record.number,
        _holder(record.giver),
        _holder(record.taker),
        record.actor,
        record.proof,
        rfc3339(record.at),
        record.previous_hash,
    ]
    return sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def _holder(holder: Holder | None) -> list[str | int | None] | None:
    return None if holder is None else [holder.kind.value, holder.id, holder.slot]
