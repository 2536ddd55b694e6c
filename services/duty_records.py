"""Duty records begin and end: each step in its caller's transaction, told to those concerned."""

from __future__ import annotations

from collections.abc import Iterable

from services.boards import Boards
from services.duty import counted_station, has_no_record
from services.models import Assignment, ShiftKind, User
from services.ports import Transaction
from services.staff_facts import ShiftEnded, ShiftStarted
from services.staff_views import name_of
from services.states import SHIFT_MOVES, ShiftState, moved
from services.world import World


class DutyRecords:
    """Writes `staff_assignments`. Its callers publish the stations at the end."""

    def __init__(self, world: World, boards: Boards) -> None:
        self._world = world
        self._boards = boards

    async def running(self, tx: Transaction, staff_id: str) -> Assignment | None:
        """The record of somebody who is on duty by record."""
        return await tx.staff_assignments.first({"staff_id": staff_id, "ends_at": None})

    async def begin(self, tx: Transaction, record: Assignment) -> Assignment:
        """Raises DuplicateKey while another one of the person runs."""
        await tx.staff_assignments.insert(record)
        tx.log(ShiftStarted.of(record, await name_of(tx, record.staff_id), **self._world.stamp()))
        return record

    async def end(self, tx: Transaction, record: Assignment) -> Assignment:
        moved(SHIFT_MOVES, record.state, ShiftState.ENDED)
        ended = record.changed(ends_at=self._world.clock())
        await tx.staff_assignments.replace(ended)
        tx.log(ShiftEnded.of(ended, await name_of(tx, record.staff_id), **self._world.stamp()))
        return ended

    async def unwritten(self, tx: Transaction, user: User, claimed: str | None) -> tuple[str, ...]:
        """The stations where somebody without any record is on duty: of their token, and of their user."""
        if not await has_no_record(tx, user.id):
            return ()
        return tuple(dict.fromkeys(_known((claimed, counted_station(user)))))

    async def end_unwritten(
        self, tx: Transaction, user: User, stations: tuple[str, ...]
    ) -> Assignment | None:
        """Write down, ended, what no record says; none for somebody who was on duty nowhere."""
        if not stations:
            return None
        now = self._world.clock()
        began = {"starts_at": min(user.created_at, now), "ends_at": now}
        record = self.record(user.id, stations[0]).model_copy(update=began)
        await tx.staff_assignments.insert(record)
        for station_id in stations:
            left = record.model_copy(update={"station_id": station_id})
            tx.log(ShiftEnded.of(left, user.name, **self._world.stamp()))
        return record

    def record(self, staff_id: str, station_id: str) -> Assignment:
        """A shift that begins now."""
        return Assignment(
            id=self._world.ids(),
            staff_id=staff_id,
            station_id=station_id,
            kind=ShiftKind.SHIFT,
            starts_at=self._world.clock(),
        )

    async def publish(self, tx: Transaction, *station_ids: str | None) -> None:
        """The last step: the stations count their staff anew, and so do the waits of their riders."""
        for station_id in sorted(set(_known(station_ids))):
            station = await tx.stations.get(station_id)
            if station is not None:
                await self._boards.publish(tx, station.model_copy(update={"staff_on_duty": None}))


def _known(station_ids: Iterable[str | None]) -> Iterable[str]:
    return (station_id for station_id in station_ids if station_id is not None)
