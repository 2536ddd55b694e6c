"""A pack under suspicion is taken out of use; a promise bound to it is a claim on the others again."""

from __future__ import annotations

from services.boards import Boards
from services.entries import Entries
from services.models import Battery, HolderKind
from services.ports import Transaction
from services.runbooks import OF_THE_PLACE
from services.states import BATTERY_MOVES, INCIDENT_OPEN, BatteryState
from services.world import World


class Quarantine:
    """Steps on one pack, inside the caller's transaction; the caller publishes the station."""

    def __init__(self, world: World, boards: Boards, entries: Entries) -> None:
        self._world = world
        self._boards = boards
        self._entries = entries

    async def take_out(self, tx: Transaction, pack: Battery) -> Battery:
        """Quarantine a pack in a slot; one that is elsewhere, or out of use already, stays as it is."""
        in_slot = pack.holder.kind is HolderKind.SLOT
        if not in_slot or BatteryState.QUARANTINED not in BATTERY_MOVES[pack.state]:
            return pack
        entry = await tx.queues.get(pack.held_for) if pack.held_for else None
        out = pack.changed(
            state=BatteryState.QUARANTINED,
            held_for=None if entry else pack.held_for,  # a job carries also what is out of use
            charge=None,
            charged_at=None,
            updated_at=self._world.clock(),
        )
        await tx.batteries.replace(out)
        self._entries.log_pack(tx, out, pack.holder.id)
        if entry is not None:
            await self._entries.unbind(tx, entry)
        return out


async def is_suspect(tx: Transaction, battery_id: str) -> bool:
    """Is there an open incident about the pack itself?"""
    about = await tx.incidents.find({"battery_id": battery_id, "state": INCIDENT_OPEN})
    return any(incident.kind not in OF_THE_PLACE for incident in about)
