"""Packs of which a sign is due and none has come: somebody has to look for them.

Where a pack is decides what is a sign of it. In a slot the station's controller reads it; a van brings it;
a rider swaps it, or at least is seen somewhere. At a partner's and in a workshop packs may lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.entries import Entries
from services.fault_models import Severity
from services.faults import Report
from services.findings import Findings
from services.models import Battery, Holder, HolderKind
from services.pack_signs import DUE, DUE_WITHIN, READ_EVERY
from services.ports import Transaction
from services.serials import SERIAL_MISMATCH
from services.states import BatteryState
from services.timers import set_timer, timer
from services.world import World

PACK_MISSING: Final = "pack_missing"  # the kind of the incident
HUB: Final = "hub"  # who reports it

LOOK: Final = "pack.look"  # timer: look through a station
LOOK_EVERY: Final = timedelta(hours=1)
READ_WITHIN: Final = timedelta(hours=6)  # a pack in a slot, while its controller reads the others
LATELY: Final = READ_EVERY + LOOK_EVERY
READS_MOST: Final = 0.5
"""Of a station's packs so many must have been read lately: else its controller is at fault, not the pack."""

LINKS: Final = 20  # of a chain, the newest, that are looked through for a station


class PackSearch:
    """Raises `pack_missing` with a ticket: the search is a person's work. Each step is in a transaction."""

    def __init__(self, world: World, entries: Entries, findings: Findings) -> None:
        self._world = world
        self._entries = entries
        self._findings = findings

    async def look_later(self, tx: Transaction, station_id: str) -> None:
        """A controller has reported: look through the station in a while."""
        if await tx.timers.get(f"{LOOK}:{station_id}") is None:
            await tx.timers.insert(timer(LOOK, station_id, self._world.clock() + LOOK_EVERY))

    async def seen(self, tx: Transaction, pack: Battery) -> bool:
        """A reading shows a pack where it must be; has an incident changed?"""
        if pack.state is not BatteryState.QUARANTINED:
            return False
        here = Report(
            station_id=pack.holder.id, battery_id=pack.id, kind=PACK_MISSING, severity=Severity.MEDIUM
        )
        back = await self._findings.gone(tx, here)
        agrees = here.model_copy(update={"kind": SERIAL_MISMATCH})
        return await self._findings.gone(tx, agrees) or back

    async def on_look_due(self, tx: Transaction, station_id: str) -> None:
        """Timer: which packs has a controller not read that reads the others?"""
        here = {"holder.kind": HolderKind.SLOT, "holder.id": station_id}
        packs = await tx.batteries.find(here)
        if not _reads_most(packs, self._world.clock()):
            return  # its next report begins it again
        found = [await self._miss(tx, pack) for pack in packs]
        if any(found):
            await self._entries.publish(tx, station_id)
        await self.look_later(tx, station_id)

    async def _miss(self, tx: Transaction, pack: Battery) -> bool:
        now = self._world.clock()
        if _was_read(pack, now - READ_WITHIN):
            return False
        at = pack.read_at or await _came_at(tx, pack)
        if now - at < READ_WITHIN:
            return False
        what = f"Slot {pack.holder.slot}: not read since {at:%Y-%m-%d %H:%M} UTC, while others are"
        return await self._findings.found(tx, _report(pack, pack.holder.id, what), by=HUB)

    async def on_pack_due(self, tx: Transaction, battery_id: str) -> None:
        """Timer: a pack was to come back by now."""
        pack = await tx.batteries.get(battery_id)
        if pack is None or pack.holder.kind not in DUE_WITHIN:
            return
        seen_at = await self._rider_seen_at(tx, pack.holder)
        if seen_at is not None:
            await set_timer(tx, timer(DUE, battery_id, seen_at + DUE_WITHIN[HolderKind.RIDER]))
            return
        station_id = await _last_station(tx, pack)
        if station_id is None:
            return  # it has never been at a station: nobody there could look for it
        what = f"With {pack.holder.kind} {pack.holder.id}, and overdue: ask there, then in the slots"
        if await self._findings.found(tx, _report(pack, station_id, what), by=HUB):
            await self._entries.publish(tx, station_id)

    async def _rider_seen_at(self, tx: Transaction, holder: Holder) -> datetime | None:
        """When the rider was last seen, if that is less than the time a pack may be out."""
        if holder.kind is not HolderKind.RIDER:
            return None
        fix = await tx.gps_logs.first({"user_id": holder.id}, order=("-at",))
        lately = self._world.clock() - DUE_WITHIN[HolderKind.RIDER]
        return fix.at if fix is not None and fix.at > lately else None


def _reads_most(packs: Sequence[Battery], now: datetime) -> bool:
    read = sum(_was_read(pack, now - LATELY) for pack in packs)
    return read > 0 and read >= READS_MOST * len(packs)


def _was_read(pack: Battery, since: datetime) -> bool:
    return pack.read_at is not None and pack.read_at > since


def _report(pack: Battery, station_id: str, what: str) -> Report:
    return Report(
        station_id=station_id,
        battery_id=pack.id,
        kind=PACK_MISSING,
        severity=Severity.MEDIUM,
        description=what,
        needs_person=True,
    )


async def _came_at(tx: Transaction, pack: Battery) -> datetime:
    """Since when it is where it is; what has no chain came with its record."""
    link = await tx.custody.first({"battery_id": pack.id}, order=("-number",))
    return link.at if link is not None else pack.updated_at


async def _last_station(tx: Transaction, pack: Battery) -> str | None:
    """The last station in whose slots it was."""
    links = await tx.custody.find({"battery_id": pack.id}, order=("-number",), limit=LINKS)
    holders = (holder for link in links for holder in (link.taker, link.giver) if holder is not None)
    return next((holder.id for holder in holders if holder.kind is HolderKind.SLOT), None)
