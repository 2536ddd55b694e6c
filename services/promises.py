"""The packs that are promised: to open entries, and to offers of a place."""

from __future__ import annotations

from services.events import BatteryMoved
from services.models import Battery, HolderKind
from services.ports import Transaction
from services.states import BatteryState
from services.world import World


class Promises:
    """Chooses, holds and frees packs, each step inside its caller's transaction."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def choose(
        self, tx: Transaction, station_id: str, battery_type: str, *, safety_stock_too: bool = False
    ) -> Battery | None:
        """The pack to promise: charged, unheld, of the type; the fullest, then the least used."""
        free = {
            "holder.kind": HolderKind.SLOT,
            "holder.id": station_id,
            "state": BatteryState.CHARGED,
            "held_for": None,
            "battery_type": battery_type,
        }
        kept_back = 0 if safety_stock_too else self._world.rules.safety_stock
        if kept_back and await tx.batteries.count(free) <= kept_back:
            return None
        return await tx.batteries.first(free, order=("-soc", "cycles", "id"))

    async def hold(self, tx: Transaction, pack: Battery, held_for: str | None) -> Battery:
        """Promise a pack to an entry or an offer, or free it with none."""
        held = pack.changed(held_for=held_for, updated_at=self._world.clock())
        await tx.batteries.replace(held)
        self.log_pack(tx, held, pack.holder.id)
        return held

    async def free(self, tx: Transaction, held_for: str) -> None:
        """Nothing is promised to that entry or offer any more."""
        for pack in await tx.batteries.find({"held_for": held_for}):
            await self.hold(tx, pack, None)

    def log_pack(self, tx: Transaction, pack: Battery, station_id: str) -> None:
        tx.log(BatteryMoved.of(pack, **self._world.stamp(), station_id=station_id))
