"""What a rider's way to the station changes: approaching, arrived, gone again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Final

from services.answers import ZoneCrossing
from services.boards import Boards
from services.entries import TIMERS, Entries
from services.events import CustomerApproaching, CustomerArrived, CustomerLeft, CustomerMoved
from services.fences import DEFAULT_ACCURACY_M, OUTER_RADIUS_M, FenceTrack, Zone, ZoneTrack, step
from services.fixes import GpsFix
from services.geo import distance_m
from services.holds import ON_THE_WAY, Holds, says_where
from services.models import Entry, Station
from services.ports import Transaction
from services.states import ENTRY_MOVES, OPEN, EntryState, moved
from services.timers import clear_timers
from services.trust import is_trusted
from services.ways import Way, go_on
from services.world import World

Crossing = tuple[ZoneCrossing, bool]
"""A fence, and whether it was entered (else left)."""

_FACT: Final[dict[tuple[Zone, bool], type[CustomerMoved]]] = {
    (Zone.OUTER, True): CustomerApproaching,
    (Zone.INNER, True): CustomerArrived,
    (Zone.OUTER, False): CustomerLeft,
    (Zone.INNER, False): CustomerLeft,
}


class Arrivals:
    """Follows riders with a waiting entry through the two geofences of their station."""

    def __init__(self, world: World, boards: Boards, entries: Entries, holds: Holds) -> None:
        self._world = world
        self._boards = boards
        self._entries = entries
        self._holds = holds

    async def follow(
        self, tx: Transaction, user_id: str, fixes: Iterable[GpsFix], newest: GpsFix | None
    ) -> list[Crossing]:
        """Take the rider's entry along accepted fixes, in the order of their time; `newest` came before."""
        entry = await tx.queues.first({"user_id": user_id, "state": OPEN})
        if entry is None or not entry.is_waiting:
            return []
        station = await self._entries.station(tx, entry.station_id)
        before = await self._world.live.fences(user_id)
        track = before if before and before.entry_id == entry.id else _track_of(entry)
        crossings: list[Crossing] = []
        for fix in fixes:
            if newest is not None and fix.at <= newest.at:
                continue  # late: it says where the rider was, not where they are
            track, crossed = _advance(track, fix, station, self._world.rules.geofence_radius_m)
            for zone, is_in in crossed:
                entry = await self._cross(tx, entry, fix, zone, is_in)
                crossings.append((ZoneCrossing(station_id=station.id, zone=zone), is_in))
            entry = await self._keep_hold(tx, entry, station, track.way, fix)
            newest = fix
        if crossings:
            await self._boards.publish(tx, station)
        tx.after_commit(lambda: self._world.live.put_fences(user_id, track))
        return crossings

    async def _cross(self, tx: Transaction, entry: Entry, fix: GpsFix, zone: Zone, is_in: bool) -> Entry:
        state = _state_after(zone, is_in)
        if state is not entry.state:
            entry = await self._move(tx, entry, state, fix.at)
        fact = _FACT[zone, is_in]
        tx.log(
            fact(
                **self._world.stamp(),
                version=entry.version,
                station_id=entry.station_id,
                entry_id=entry.id,
                user_id=entry.user_id,
                user_name=entry.user_name,
                state=entry.state,
                zone=zone.value,
                location=fix.location,
                trust=fix.trust,
            )
        )
        return entry

    async def _move(self, tx: Transaction, entry: Entry, state: EntryState, at: datetime) -> Entry:
        arrived = state is EntryState.ARRIVED
        until = entry.hold_until
        if entry.state is EntryState.ARRIVED:  # had no limit, and has one again
            until = max(until, self._world.clock() + self._world.rules.queue_call)
        entry = entry.changed(
            state=moved(ENTRY_MOVES, entry.state, state),
            arrived_at=at if arrived else None,
            called_at=None,
            call_until=None,
            hold_until=until,
            answer_by=None,
            coming_at=None,
        )
        await tx.queues.replace(entry)
        await clear_timers(tx, entry.id, *TIMERS)
        if not arrived:
            await tx.timers.insert(self._entries.hold_timer(entry))
        tx.log(self._boards.queue_updated(entry))
        return entry

    async def _keep_hold(
        self, tx: Transaction, entry: Entry, station: Station, way: Way | None, fix: GpsFix
    ) -> Entry:
        """Who comes nearer keeps the place as long as the way takes; who does not is asked."""
        if entry.state not in ON_THE_WAY or way is None or way.seen_at != fix.at:
            return entry
        if way.comes_nearer:
            return await self._holds.extend_by_eta(tx, entry, station, fix.location)
        return await self._holds.ask_about(tx, entry, way.doubt) if way.doubt else entry


def _advance(
    track: FenceTrack, fix: GpsFix, station: Station, inner_m: float
) -> tuple[FenceTrack, list[tuple[Zone, bool]]]:
    """Both fences after one more fix, and which of them were crossed; who is not believed enters none."""
    away_m = distance_m(fix.location, station.location)
    accuracy_m = DEFAULT_ACCURACY_M if fix.accuracy_m is None else fix.accuracy_m
    outer_m = max(OUTER_RADIUS_M, inner_m)
    fence = partial(step, distance_m=away_m, accuracy_m=accuracy_m, at=fix.at, may_enter=is_trusted(fix))
    outer, inner = fence(track.outer, radius_m=outer_m), fence(track.inner, radius_m=inner_m)
    changes = [(Zone.OUTER, track.outer, outer), (Zone.INNER, track.inner, inner)]
    ordered = changes if inner.inside else reversed(changes)  # in: outer first; out: inner first
    crossed = [(zone, new.inside) for zone, old, new in ordered if old.inside != new.inside]
    way = go_on(track.way, fix, away_m) if says_where(fix) else track.way
    return track.model_copy(update={"outer": outer, "inner": inner, "way": way}), crossed


def _track_of(entry: Entry) -> FenceTrack:
    """Where a rider must be when live state has forgotten it: as the entry's state says."""
    is_here = entry.state is EntryState.ARRIVED
    is_near = is_here or entry.state is EntryState.APPROACHING
    return FenceTrack(
        station_id=entry.station_id,
        entry_id=entry.id,
        inner=ZoneTrack(inside=is_here),
        outer=ZoneTrack(inside=is_near),
    )


def _state_after(zone: Zone, is_in: bool) -> EntryState:
    if zone is Zone.INNER:
        return EntryState.ARRIVED if is_in else EntryState.APPROACHING
    return EntryState.APPROACHING if is_in else EntryState.CONFIRMED
