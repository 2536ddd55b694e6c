"""What a controller's report may show besides charge: packs that are unwell, missing, or elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Self

from services.entries import Entries
from services.faults import FaultService
from services.findings import Findings
from services.models import Battery
from services.pack_search import PackSearch
from services.pack_watch import PackWatch
from services.ports import Transaction
from services.serials import OddReading, SerialWatch
from services.world import World


@dataclass(frozen=True, slots=True)
class SlotWatch:
    """Steps inside the transaction of a report. Each answers whether an incident of the station changed."""

    packs: PackWatch
    search: PackSearch
    serials: SerialWatch

    @classmethod
    def build(cls, world: World, entries: Entries, faults: FaultService) -> Self:
        findings = Findings(faults)
        return cls(
            PackWatch(findings), PackSearch(world, entries, findings), SerialWatch(world, entries, findings)
        )

    async def look(
        self, tx: Transaction, pack: Battery, *, temperature_c: float | None, soh: float | None
    ) -> bool:
        """At a pack that is read where the records have it, as it was recorded before."""
        changed = await self.packs.look(tx, pack, temperature_c=temperature_c, soh=soh)
        return await self.search.seen(tx, pack) or changed

    async def look_at_odd(
        self, tx: Transaction, station_id: str, odd: Iterable[OddReading], read: Set[str]
    ) -> bool:
        """At what is read elsewhere than the records have it; `read`: every serial of the report."""
        return await self.serials.look(tx, station_id, odd, read)
