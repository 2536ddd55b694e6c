"""Packs that a controller reads where the records do not have them: one of both is wrong.

A reading may be older than the handover that it seems to contradict, and packs lie in slots before the
last scan of a swap or a job: such a pack is on its way, and no mismatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import timedelta
from itertools import islice
from typing import Final

from services.entries import Entries
from services.fault_models import Severity
from services.faults import Report
from services.findings import Findings
from services.models import Battery, HolderKind
from services.ports import Transaction
from services.states import OPEN, UNDERWAY, EntryState
from services.world import World

SERIAL_MISMATCH: Final = "serial_mismatch"  # the kind of the incident
SETTLES_IN: Final = timedelta(minutes=10)  # readings agree with a handover so long after it
CLAIMED_LATELY: Final = timedelta(hours=3)  # its own station has read it since
MOST: Final = 20  # mismatches of one report that are looked into

OddReading = tuple[str, int | None, Battery | None]
"""A serial, the slot where it is read, and the pack as the records have it."""


class SerialWatch:
    """Takes both packs out of use: the one that is read, and the one that should be in its slot."""

    def __init__(self, world: World, entries: Entries, findings: Findings) -> None:
        self._world = world
        self._entries = entries
        self._findings = findings

    async def look(self, tx: Transaction, station_id: str, odd: Iterable[OddReading], read: Set[str]) -> bool:
        """`read`: every serial of the report. Has an incident of this station changed?"""
        changed = False
        for serial, slot, pack in islice(odd, MOST):
            if pack is None or not await self._is_on_its_way(tx, pack, station_id):
                changed |= await self._mismatch(tx, station_id, serial, slot, pack)
                changed |= await self._expected(tx, station_id, serial, slot, read)
        return changed

    async def _is_on_its_way(self, tx: Transaction, pack: Battery, station_id: str) -> bool:
        link = await tx.custody.first({"battery_id": pack.id}, order=("-number",))
        if link is not None and self._world.clock() - link.at < SETTLES_IN:
            return True
        if pack.holder.kind is HolderKind.RIDER:
            entry = await tx.queues.first({"user_id": pack.holder.id, "state": OPEN})
            return entry is not None and (entry.station_id, entry.state) == (station_id, EntryState.ACTIVE)
        job = await tx.transport_jobs.get(pack.held_for) if pack.held_for else None
        return job is not None and job.state in UNDERWAY and station_id in (job.source.id, job.target.id)

    async def _mismatch(
        self, tx: Transaction, station_id: str, serial: str, slot: int | None, pack: Battery | None
    ) -> bool:
        """The pack that is read: not registered, or somebody else's by the records."""
        where = f"{station_id}, slot {slot if slot is not None else 'unknown'}"
        if pack is None:
            return await self._report(
                tx, station_id, None, f"{where} reads {serial}, which nobody registered"
            )
        what = f"{where} reads {serial}, recorded with {pack.holder.kind} {pack.holder.id}"
        if pack.holder.kind is not HolderKind.SLOT:
            return await self._report(tx, station_id, pack.id, what)
        if self._is_claimed(pack):  # two controllers read it: which of them is wrong must be looked at
            return await self._report(tx, station_id, None, f"{what}, which reads it, too")
        if await self._report(tx, pack.holder.id, pack.id, what):
            await self._entries.publish(tx, pack.holder.id)
        return False

    def _is_claimed(self, pack: Battery) -> bool:
        return pack.read_at is not None and self._world.clock() - pack.read_at < CLAIMED_LATELY

    async def _expected(
        self, tx: Transaction, station_id: str, serial: str, slot: int | None, read: Set[str]
    ) -> bool:
        """The pack that the records have in that slot: it must not be handed out from there."""
        if slot is None:
            return False
        pack = await tx.batteries.first(
            {"holder.kind": HolderKind.SLOT, "holder.id": station_id, "holder.slot": slot}
        )
        if pack is None or pack.id in read or await self._is_on_its_way(tx, pack, station_id):
            return False
        what = f"{station_id}, slot {slot} is recorded to hold {pack.id}, and reads {serial}"
        return await self._report(tx, station_id, pack.id, what)

    async def _report(self, tx: Transaction, station_id: str, battery_id: str | None, what: str) -> bool:
        return await self._findings.found(
            tx,
            Report(
                station_id=station_id,
                battery_id=battery_id,
                kind=SERIAL_MISMATCH,
                severity=Severity.MEDIUM,
                description=what,
                needs_person=True,
            ),
        )
