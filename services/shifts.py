"""Shifts: when and where a staff member is on duty. Of one person one runs at most."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from services.base import Location
from services.diversions import DiversionService
from services.duty_records import DutyRecords
from services.errors import Conflict, Forbidden, NotActive, NotFound, ValidationFailed, WriteConflict, raise_
from services.fixes import GpsFix
from services.geo import distance_m
from services.holds import FRESH_FIX
from services.models import Assignment, ShiftKind, User
from services.ports import Transaction
from services.staff_views import ShiftView
from services.states import DiversionState
from services.trust import is_trusted
from services.world import World

NAME_ONE: Final = {"path": "station_id", "message": "name the station: you have worked at none yet"}


class ShiftService:
    """Begins and ends shifts, and sees who has arrived where they are awaited."""

    def __init__(self, world: World, duty: DutyRecords, diversions: DiversionService) -> None:
        self._world = world
        self._duty = duty
        self._diversions = diversions

    async def start(self, staff_id: str, wanted: str | None, *, claimed: str | None) -> ShiftView:
        """Go on duty at `wanted`, else at one's own station; on duty there already, the running shift.

        Of somebody diverted: naming the other station says that they have arrived, naming the one
        they came from that they are back. Raises NotFound, ValidationFailed when there is no station
        to go by, Conflict while on duty elsewhere.
        """
        async with self._world.records.transaction() as tx:
            running = await self._duty.running(tx, staff_id)
            if running is not None and wanted in (None, running.station_id):
                return ShiftView.of(await self._at_place(tx, running, is_named=wanted is not None))
            user = await tx.users.get(staff_id) or raise_(NotFound(user_id=staff_id))
            station_id = wanted or await self._own_station(tx, user, claimed)
            if await tx.stations.get(station_id) is None:
                raise NotFound(station_id=station_id)
            if running is not None:
                await self._return(tx, running, station_id)
            return ShiftView.of(await self._begin(tx, user, station_id, running, claimed))

    async def _begin(
        self, tx: Transaction, user: User, station_id: str, left: Assignment | None, claimed: str | None
    ) -> Assignment:
        record = self._duty.record(user.id, station_id)
        unwritten: tuple[str, ...] = ()
        if left is None:
            unwritten = await self._duty.unwritten(tx, user, claimed)
        if station_id in unwritten:  # they have been there already
            record = record.model_copy(update={"starts_at": min(user.created_at, record.starts_at)})
        else:
            await self._duty.end_unwritten(tx, user, unwritten)
            await self._diversions.withdraw_offers(tx, user.id)
        begun = await self._duty.begin(tx, record)
        await self._duty.publish(tx, station_id, *unwritten, left.station_id if left else None)
        return begun

    async def _at_place(self, tx: Transaction, running: Assignment, *, is_named: bool) -> Assignment:
        if is_named and running.is_on_the_way:
            return await self._diversions.arrive(tx, running)
        return running

    async def _own_station(self, tx: Transaction, user: User, claimed: str | None) -> str:
        """Where they had their last shift; diversions pass. Else as the token or their record says."""
        last = await tx.staff_assignments.first(
            {"staff_id": user.id, "kind": ShiftKind.SHIFT}, order=("-starts_at", "-id")
        )
        own = last.station_id if last else claimed or user.station_id
        return own or raise_(ValidationFailed([NAME_ONE]))

    async def _return(self, tx: Transaction, running: Assignment, wanted: str) -> None:
        """Leave where they are on duty: only home from a diversion. Raises Conflict."""
        part = await tx.diversions.get(running.id)
        if part is None or part.from_station_id != wanted:
            raise Conflict(station_id=running.station_id, shift_id=running.id)
        await self._duty.end(tx, running)
        await self._diversions.finish(tx, running, DiversionState.RETURNED)

    async def end(self, staff_id: str, named: str | None, *, claimed: str | None) -> ShiftView:
        """Go off duty; what they were asked is withdrawn.

        Raises Forbidden when another station is named than that of the shift, NotActive off duty.
        """
        async with self._world.records.transaction() as tx:
            user = await tx.users.get(staff_id) or raise_(NotFound(user_id=staff_id))
            running = await self._duty.running(tx, staff_id)
            unwritten: tuple[str, ...] = ()
            if running is None:
                unwritten = await self._duty.unwritten(tx, user, claimed)
                ended = await self._duty.end_unwritten(tx, user, unwritten) or raise_(NotActive())
            else:
                ended = await self._duty.end(tx, running)
                await self._diversions.finish(tx, running, DiversionState.ENDED)
            if named not in (None, ended.station_id):
                raise Forbidden(station_id=named)
            await self._diversions.withdraw_offers(tx, staff_id)
            await self._duty.publish(tx, ended.station_id, *unwritten)
        return ShiftView.of(ended)

    async def notice_arrival(self, staff_id: str) -> None:
        """Somebody has told where they are: who was on the way to there has arrived."""
        running = await self._world.records.now.staff_assignments.first(
            {"staff_id": staff_id, "ends_at": None}
        )
        if running is None or not running.is_on_the_way:
            return
        fix = await self._world.live.position(staff_id)
        station = await self._world.records.now.stations.get(running.station_id)
        if fix is None or station is None or not self._is_at(fix, station.location):
            return
        with suppress(WriteConflict):  # their next fix will tell it, too
            async with self._world.records.transaction() as tx:
                present = await tx.staff_assignments.get(running.id)
                if present is not None and present.ends_at is None and present.is_on_the_way:
                    await self._diversions.arrive(tx, present)

    def _is_at(self, fix: GpsFix, place: Location) -> bool:
        """Is a fresh and trusted fix's whole error circle inside the geofence?"""
        is_fresh = self._world.clock() - fix.at <= FRESH_FIX and is_trusted(fix)
        reach_m = self._world.rules.geofence_radius_m - (fix.accuracy_m or 0)
        return is_fresh and distance_m(fix.location, place) <= reach_m
