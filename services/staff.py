"""What may be read of staff: rosters, and each person's own times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from services.answers import Page
from services.errors import NotFound
from services.models import Assignment, Role, ShiftKind
from services.ports import Range, Scalar, Snapshot
from services.staff_models import Diversion
from services.staff_views import (
    AssignmentView,
    DiversionCard,
    Roster,
    RosterRow,
    ShiftView,
    StationCrew,
    name_of,
    roster_of,
    rosters_of,
)
from services.states import DIVERSION_OPEN
from services.world import World

LATELY: Final = timedelta(days=1)  # so long a roster shows who went off duty

Record = Assignment | Diversion


class StaffService:
    """Reads alone."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def _reads(self) -> Snapshot:
        return self._world.records.now

    # -- one station

    async def roster(self, station_id: str) -> Roster:
        """Who is on duty, then who was here lately or belongs here and is not. Raises NotFound."""
        if await self._reads.stations.get(station_id) is None:
            raise NotFound(station_id=station_id)
        here = await roster_of(self._reads, station_id)
        absent = await self._absent(station_id, {row.staff_id for row in here})
        return Roster(items=[*here, *absent])

    async def _absent(self, station_id: str, here: set[str]) -> list[RosterRow]:
        lately = Range(gte=self._world.clock() - LATELY)
        left = await self._reads.staff_assignments.find({"station_id": station_id, "ends_at": lately})
        own = await self._reads.users.find({"role": Role.STAFF, "station_id": station_id})
        people = {one.staff_id for one in left} | {user.id for user in own}
        rows = [await self._off_duty(staff_id, station_id) for staff_id in sorted(people - here)]
        return [row for row in rows if row is not None]

    async def _off_duty(self, staff_id: str, station_id: str) -> RosterRow | None:
        last = await self._reads.staff_assignments.first(
            {"staff_id": staff_id, "station_id": station_id}, order=("-starts_at", "-id")
        )
        since = last.ends_at if last else None
        if last is None:
            user = await self._reads.users.get(staff_id)
            since = user.created_at if user else None
        if since is None:  # came back at this moment
            return None
        return RosterRow(
            staff_id=staff_id, name=await name_of(self._reads, staff_id), on_duty=False, since=since
        )

    # -- one person

    async def assignments(self, staff_id: str, *, limit: int, cursor: str | None) -> Page[AssignmentView]:
        """Shifts and diversions of a person, asked for or worked, newest first.

        Raises NotFound for an unknown person and a cursor that is none of theirs.
        """
        if await self._reads.users.get(staff_id) is None:
            raise NotFound(staff_id=staff_id)
        before = await self._before(staff_id, cursor)
        shifts = await self._part(staff_id, "starts_at", before, limit, {"kind": ShiftKind.SHIFT})
        asked = await self._part(staff_id, "offered_at", before, limit, {})
        found = sorted((*shifts, *asked), key=_moment, reverse=True)
        items = found[:limit]
        more = len(found) > limit
        return Page(items=[_view(one) for one in items], next_cursor=items[-1].id if more else None)

    async def _before(self, staff_id: str, cursor: str | None) -> tuple[datetime, str] | None:
        if cursor is None:
            return None
        last: Record | None = await self._reads.diversions.get(cursor)
        last = last or await self._reads.staff_assignments.get(cursor)
        if last is None or last.staff_id != staff_id:
            raise NotFound(cursor=cursor)
        return _moment(last)

    async def _part(
        self,
        staff_id: str,
        field: str,
        before: tuple[datetime, str] | None,
        limit: int,
        more: dict[str, Scalar],
    ) -> list[Record]:
        """One kind's records before a moment, one more than asked for; of one moment there are few."""
        own: dict[str, Scalar] = {"staff_id": staff_id, **more}
        order = (f"-{field}", "-id")
        source = self._reads.diversions if field == "offered_at" else self._reads.staff_assignments
        if before is None:
            return [*await source.find(own, order=order, limit=limit + 1)]
        at, id = before
        same = await source.find({**own, field: at, "id": Range(lt=id)}, order=order, limit=limit + 1)
        earlier = await source.find({**own, field: Range(lt=at)}, order=order, limit=limit + 1)
        return [*same, *earlier]

    # -- rooms

    async def on_duty(self, station_id: str) -> list[RosterRow]:
        """The people on duty at a station, by their ids."""
        return await roster_of(self._reads, station_id)

    async def crews(self, station_ids: Iterable[str]) -> list[StationCrew]:
        """The people on duty at each of these stations where somebody is."""
        return await rosters_of(self._reads, station_ids)

    async def running(self, staff_id: str) -> ShiftView | None:
        """The duty record that runs, for the person's own room."""
        found = await self._reads.staff_assignments.first({"staff_id": staff_id, "ends_at": None})
        return ShiftView.of(found) if found else None

    async def open_diversions(self, staff_id: str | None = None) -> list[DiversionCard]:
        """Parts of diversions that are not over: of a person, or all."""
        own: dict[str, Scalar] = {"staff_id": staff_id} if staff_id else {}
        found = await self._reads.diversions.find({**own, "state": DIVERSION_OPEN}, order=("id",))
        return _cards(found)


def _cards(parts: Iterable[Diversion]) -> list[DiversionCard]:
    return [DiversionCard.of(part) for part in parts]


def _moment(record: Record) -> tuple[datetime, str]:
    return (record.offered_at if isinstance(record, Diversion) else record.starts_at, record.id)


def _view(record: Record) -> AssignmentView:
    if isinstance(record, Diversion):
        return AssignmentView.of_diversion(record)
    return AssignmentView.of_shift(record)
