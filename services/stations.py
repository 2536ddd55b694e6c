"""Stations as everybody sees them, and what their controllers report."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from typing import Final

from services.answers import NearStation, Page, StationStatus
from services.base import Location, Model
from services.board import StationBoard
from services.boards import Boards
from services.charging import charge_run, is_slower
from services.entries import Entries
from services.events import BatteryMoved, BatteryRead
from services.fixes import GpsFix
from services.models import Battery, HolderKind, Role
from services.near import Away, look_around
from services.pack_signs import is_to_be_read
from services.ports import Range, Snapshot, Transaction, Where
from services.serials import OddReading
from services.slot_watch import SlotWatch
from services.states import BatteryState
from services.world import World

SOC_STEP: Final = 5.0
"""A pack's state of charge is recorded, and told, when it has moved by this many percent."""

SOH_STEP: Final = 1.0  # the same of its state of health, percentage points
TEMPERATURE_STEP_C: Final = 5.0  # and of its temperature

MOVING: Final = (Role.CONSUMER, Role.TRANSPORTER, Role.STAFF)
LATELY: Final = timedelta(days=1)
AT_ONCE: Final = 32  # users whose fix is looked up side by side


class SlotReading(Model):
    """One slot as its controller sees it."""

    slot: int | None = None
    battery_id: str
    soc: float
    soh: float | None = None
    temperature_c: float | None = None


@dataclass(slots=True)
class _Report:
    """A report while it is taken, and what has come of it so far."""

    station_id: str
    serials: set[str]
    known: dict[str, Battery] | None = None  # of the station, and not read yet
    odd: list[OddReading] = field(default_factory=list)
    taken: int = 0
    stock_changed: bool = False
    charging_on: bool = False
    is_news: bool = False


class StationService:
    """Reads from the boards; writes from telemetry."""

    def __init__(self, world: World, boards: Boards, entries: Entries, watch: SlotWatch) -> None:
        self._world = world
        self._watch = watch
        self._boards = boards
        self._entries = entries

    async def status(self, station_id: str) -> StationStatus:
        """Raises NotFound."""
        return status_of(await self._boards.get(station_id))

    async def list(self, *, active_only: bool, limit: int, cursor: str | None) -> Page[StationStatus]:
        """Stations by id."""
        boards = [board for board in await self._world.live.boards() if board.is_active or not active_only]
        rest = [board for board in boards if cursor is None or board.station_id > cursor]
        items = [status_of(board) for board in rest[:limit]]
        return Page(items=items, next_cursor=items[-1].id if len(rest) > limit else None)

    async def nearest(
        self, here: Location, *, max_distance_km: float | None, limit: int
    ) -> Page[NearStation]:
        """Open stations by distance as the crow flies."""
        reach_m = max_distance_km * 1000 if max_distance_km is not None else inf

        def choose(away: Away, known_m: float) -> Away | None:
            open_ones = [one for one in away if one[1].is_active and one[0] <= min(known_m, reach_m)]
            near = sorted(open_ones, key=lambda one: (one[0], one[1].station_id))[:limit]
            return near if len(near) == limit or known_m >= reach_m else None

        near = await look_around(self._world.live, here, choose) or []
        return Page(
            items=[NearStation(**dict(status_of(board)), distance_m=round(m, 1)) for m, board in near]
        )

    async def telemetry(self, station_id: str, readings: Sequence[SlotReading]) -> int:
        """Take the readings of packs in this station's slots; answers how many were of such packs.

        Raises NotFound for an unknown station.
        """
        async with self._world.records.transaction() as tx:
            station = await self._entries.station(tx, station_id)
            report = _Report(station_id, {reading.battery_id for reading in readings})
            for reading in readings:
                await self._read(tx, report, reading)
            if report.odd:
                report.stock_changed |= await self._watch.look_at_odd(
                    tx, station_id, report.odd, report.serials
                )
            if report.is_news:
                await self._watch.search.look_later(tx, station_id)
            if report.stock_changed or (report.charging_on and await self._shows_charging(station_id)):
                await self._boards.publish(tx, station)
        return report.taken

    async def _read(self, tx: Transaction, report: _Report, reading: SlotReading) -> None:
        """One slot of a report."""
        pack = await self._pack(tx, report, reading.battery_id)
        if pack is None or not _is_in_slot_of(pack, report.station_id):
            report.odd.append((reading.battery_id, reading.slot, pack))
            return
        report.taken += 1
        read = await self._take(tx, pack, reading)
        has_changed = await self._watch.look(tx, pack, temperature_c=reading.temperature_c, soh=reading.soh)
        if has_changed:
            report.known = None  # other packs may be promised now
        report.stock_changed |= has_changed or read.state is not pack.state
        report.is_news |= read is not pack
        report.charging_on |= read is not pack and read.state is BatteryState.CHARGING

    async def _pack(self, tx: Transaction, report: _Report, id: str) -> Battery | None:
        """A pack as it is now; those of a whole station are read at once."""
        if len(report.serials) == 1:
            return await tx.batteries.get(id)
        if report.known is None:
            here = {"holder.kind": HolderKind.SLOT, "holder.id": report.station_id}
            report.known = {pack.id: pack for pack in await tx.batteries.find(here)}
        return report.known.pop(id, None) or await tx.batteries.get(id)

    async def _shows_charging(self, station_id: str) -> bool:
        """Does its board say when a pack is charged, or has it promised one that still has to?"""
        board = await self._boards.get(station_id)
        return board.stock.relies_on_charging or not board.charged_batteries

    async def _take(self, tx: Transaction, pack: Battery, reading: SlotReading) -> Battery:
        """Record a reading that says something new; answers the pack as it is now recorded."""
        state, now = pack.state, self._world.clock()
        enough = self._world.rules.charged_soc
        if state is BatteryState.CHARGING and reading.soc >= enough:
            state = BatteryState.CHARGED
        is_on = state is BatteryState.CHARGING
        charge = charge_run(pack, reading.soc, now, charged_soc=enough) if is_on else None
        is_news = _says_something_new(pack, reading) or is_slower(pack.charge, charge)
        if state is pack.state and not (is_news or is_to_be_read(pack, now)):
            return pack
        known = {key: value for key, value in dict(reading).items() if value is not None}
        read = pack.changed(
            state=state,
            soc=reading.soc,
            soh=known.get("soh", pack.soh),
            temperature_c=known.get("temperature_c", pack.temperature_c),
            charge=charge,
            charged_at=pack.charged_at if state is pack.state else now,
            read_at=now,
            updated_at=now,
        )
        await tx.batteries.replace(read)
        fact = BatteryRead if state is pack.state else BatteryMoved
        tx.log(fact.of(read, **self._world.stamp(), station_id=pack.holder.id))
        return read

    async def rebuild_live(self) -> None:
        """Make live state from the records: every board, and every user's newest fix of the last day."""
        mark = await self._world.live.mark()
        reads = self._world.records.now
        boards = [await self._boards.project(reads, station) for station in await reads.stations.find({})]
        await self._world.live.replace_all(boards, await self._newest_fixes(reads), since=mark)

    async def _newest_fixes(self, reads: Snapshot) -> Sequence[GpsFix]:
        lately = Range(gte=self._world.clock() - LATELY)
        users = [user for role in MOVING for user in await reads.users.find({"role": role})]
        fixes = []
        for start in range(0, len(users), AT_ONCE):
            some = users[start : start + AT_ONCE]
            wanted: Iterable[Where] = ({"user_id": user.id, "at": lately} for user in some)
            found = await gather(*(reads.gps_logs.first(where, order=("-at",)) for where in wanted))
            fixes += [fix for fix in found if fix is not None]
        return fixes

    async def live_equals_records(self) -> bool:
        """Is every board what the records say it must be? Of one that changes meanwhile nobody can say."""
        stations = await self._world.records.now.stations.find({})
        kept = {board.station_id for board in await self._world.live.boards()}
        if kept != {station.id for station in stations}:
            return False
        for station in stations:
            if not await self._is_shown(station.id):
                return False
        return True

    async def _is_shown(self, station_id: str) -> bool:
        reads = self._world.records.now
        station = await self._entries.station(reads, station_id)
        truth = await self._boards.project(reads, station)
        shown = await self._world.live.board(station_id)
        unchanged = (await self._entries.station(reads, station_id)).version == station.version
        return shown == truth or not unchanged


def _is_in_slot_of(pack: Battery, station_id: str) -> bool:
    return pack.holder.kind is HolderKind.SLOT and pack.holder.id == station_id


def _says_something_new(pack: Battery, reading: SlotReading) -> bool:
    """Has anything moved by so much that it is worth a record?"""
    moved_soh = reading.soh is not None and abs(reading.soh - pack.soh) >= SOH_STEP
    warmth = reading.temperature_c if reading.temperature_c is not None else pack.temperature_c
    is_warmer = abs(warmth - pack.temperature_c) >= TEMPERATURE_STEP_C
    return abs(reading.soc - pack.soc) >= SOC_STEP or moved_soh or is_warmer


def status_of(board: StationBoard) -> StationStatus:
    """A board as `station:status` answers it."""
    return StationStatus(id=board.station_id, version=board.version, name=board.name, **dict(board.figures))
