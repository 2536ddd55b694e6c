"""Staff help out at another station: asked, on the way, there, back. Nobody goes without a yes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from services.base import Model
from services.duty import Crew, OnDuty, crew_of
from services.duty_records import DutyRecords
from services.errors import Conflict, NotActive, NotEnoughStaff, NotFound, StationClosed, raise_
from services.geo import distance_m, travel_s
from services.models import Assignment, Role, ShiftKind, Station, User
from services.ports import Transaction, Where
from services.staff_facts import DiversionChanged, DiversionOffered, StaffDiverted
from services.staff_models import Diversion
from services.staff_views import DiversionView
from services.states import DIVERSION_MOVES, DIVERSION_OPEN, DIVERSION_UNSETTLED, DiversionState, moved
from services.timers import clear_timers, set_timer, timer
from services.world import World

LAPSE: Final = "diversion.lapse"  # the timer's kind

TRAVEL_P90_RATIO: Final = 1.5
"""Nine of ten city trips take at most this many times their mean."""


class DivertOrder(Model):
    """Who is to help where, and why."""

    from_station_id: str
    to_station_id: str
    staff_ids: list[str]
    reason: str


class DiversionService:
    """Asks staff, takes their answers, and follows who has accepted."""

    def __init__(self, world: World, duty: DutyRecords) -> None:
        self._world = world
        self._duty = duty

    # -- asking

    async def divert(self, order: DivertOrder, *, by: str) -> DiversionView:
        """Ask each of them; who does not answer in time stays.

        Raises NotFound for unknown stations and people, StationClosed for a closed destination,
        Conflict for somebody who is not at the source or is asked already, NotEnoughStaff when the
        source would have fewer than the minimum if all accepted.
        """
        async with self._world.records.transaction() as tx:
            here, there = [await self._station(tx, id) for id in (order.from_station_id, order.to_station_id)]
            people = [await self._staff(tx, staff_id) for staff_id in order.staff_ids]
            if not there.is_active:
                raise StationClosed(station_id=there.id)
            crew = await crew_of(tx, here.id)
            for person in people:
                await self._check_free(tx, person, crew, here)
            self._check_floor(here, crew, leaving=len(people))
            return await self._ask(tx, order, here, there, people, by)

    async def _station(self, tx: Transaction, id: str) -> Station:
        return await tx.stations.get(id) or raise_(NotFound(station_id=id))

    async def _staff(self, tx: Transaction, id: str) -> User:
        user = await tx.users.get(id)
        if user is None or user.role is not Role.STAFF:
            raise NotFound(staff_id=id)
        return user

    async def _check_free(self, tx: Transaction, person: User, crew: Sequence[OnDuty], here: Station) -> None:
        if person.id not in {one.staff_id for one in crew}:
            raise Conflict(staff_id=person.id, wanted=f"on duty at {here.id}")
        unsettled: Where = {"staff_id": person.id, "state": DIVERSION_UNSETTLED}
        asked = await tx.diversions.first(unsettled)
        if asked is not None:
            raise Conflict(staff_id=person.id, state=asked.state, diversion_id=asked.diversion_id)

    def _check_floor(self, station: Station, crew: Sequence[OnDuty], *, leaving: int) -> None:
        least = self._world.rules.staff_minimum
        if Crew.of(crew).present - leaving < least:
            raise NotEnoughStaff(station_id=station.id, staff_minimum=least)

    async def _ask(
        self, tx: Transaction, order: DivertOrder, here: Station, there: Station, people: list[User], by: str
    ) -> DiversionView:
        diversion_id, now = self._world.ids(), self._world.clock()
        until = now + self._world.rules.diversion_offer
        parts = [
            Diversion(
                id=self._world.ids(),
                diversion_id=diversion_id,
                staff_id=person.id,
                staff_name=person.name,
                from_station_id=here.id,
                to_station_id=there.id,
                reason=order.reason,
                state=DiversionState.OFFERED,
                asked_by=by,
                travel_minutes=travel_minutes(here, there),
                offered_at=now,
                expires_at=until,
            )
            for person in people
        ]
        await tx.diversions.insert(*parts)
        await set_timer(tx, timer(LAPSE, diversion_id, until))
        tx.log(*(DiversionOffered.of(part, **self._world.stamp()) for part in parts))
        return DiversionView.of(parts)

    # -- answers

    async def respond(
        self, diversion_id: str, staff_id: str, *, accept: bool, reason: str | None, claimed: str | None
    ) -> DiversionView:
        """Take one person's answer. Who accepts is on duty at the other station from then on.

        Raises NotFound unless they were asked, NotActive once that is settled, StationClosed and
        NotEnoughStaff when it has become impossible since; then they may still answer.
        """
        async with self._world.records.transaction() as tx:
            part = await tx.diversions.first({"diversion_id": diversion_id, "staff_id": staff_id})
            if part is None:
                raise NotFound(diversion_id=diversion_id)
            self._check_answerable(part)
            part = part.model_copy(update={"answered_at": self._world.clock(), "answer_reason": reason})
            if accept:
                part = await self._go(tx, part, claimed)
            else:
                part = await self._move(tx, part, DiversionState.DECLINED, ended_at=part.answered_at)
            parts = await self._parts(tx, diversion_id)
            if all(one.state is not DiversionState.OFFERED for one in parts):
                await clear_timers(tx, diversion_id, LAPSE)
        return DiversionView.of(parts, shown=[part])

    def _check_answerable(self, part: Diversion) -> None:
        if part.state is not DiversionState.OFFERED:
            raise NotActive(diversion_id=part.diversion_id, state=part.state)
        if part.expires_at <= self._world.clock():  # its timer is about to fire
            raise NotActive(diversion_id=part.diversion_id, state=DiversionState.LAPSED)

    async def _go(self, tx: Transaction, part: Diversion, claimed: str | None) -> Diversion:
        """They leave the source, whose floor holds, and are on the way."""
        here, there = [await self._station(tx, id) for id in (part.from_station_id, part.to_station_id)]
        if not there.is_active:
            raise StationClosed(station_id=there.id)
        self._check_floor(here, await crew_of(tx, here.id), leaving=1)
        await self._leave_source(tx, part, claimed)
        expected_at = self._world.clock() + timedelta(minutes=part.travel_minutes)
        await self._duty.begin(
            tx,
            Assignment(
                id=part.id,
                staff_id=part.staff_id,
                station_id=there.id,
                kind=ShiftKind.DIVERSION,
                starts_at=self._world.clock(),
                expected_at=expected_at,
            ),
        )
        part = await self._move(tx, part, DiversionState.ACCEPTED, expected_at=expected_at)
        await self._duty.publish(tx, here.id, there.id)
        return part

    async def _leave_source(self, tx: Transaction, part: Diversion, claimed: str | None) -> None:
        running = await self._duty.running(tx, part.staff_id)
        if running is None:
            user = await self._staff(tx, part.staff_id)
            await self._duty.end_unwritten(tx, user, await self._duty.unwritten(tx, user, claimed))
            return
        if running.station_id != part.from_station_id:
            raise Conflict(staff_id=part.staff_id, wanted=f"on duty at {part.from_station_id}")
        await self._duty.end(tx, running)
        await self.finish(tx, running, DiversionState.ENDED)  # they were diverted before: sent on

    # -- what follows

    async def arrive(self, tx: Transaction, running: Assignment) -> Assignment:
        """Who was on the way is there: they count for the bays."""
        now = self._world.clock()
        arrived = running.changed(arrived_at=now)
        await tx.staff_assignments.replace(arrived)
        part = await tx.diversions.get(running.id) or raise_(NotFound(diversion_id=running.id))
        await self._move(tx, part, DiversionState.ARRIVED, arrived_at=now)
        await self._duty.publish(tx, running.station_id)
        return arrived

    async def finish(self, tx: Transaction, record: Assignment, state: DiversionState) -> None:
        """The end of a duty record is that of the diversion it came from, if it did."""
        part = await tx.diversions.get(record.id) if record.kind is ShiftKind.DIVERSION else None
        if part is not None and part.state in DIVERSION_OPEN:
            await self._move(tx, part, state, ended_at=self._world.clock())

    async def withdraw_offers(self, tx: Transaction, staff_id: str) -> None:
        """Who goes off duty need not answer any more."""
        for part in await tx.diversions.find({"staff_id": staff_id, "state": DiversionState.OFFERED}):
            await self._move(tx, part, DiversionState.WITHDRAWN, ended_at=self._world.clock())

    async def on_lapse(self, tx: Transaction, diversion_id: str) -> None:
        """Timer: who has not answered stays."""
        for part in await self._parts(tx, diversion_id):
            if part.state is DiversionState.OFFERED:
                await self._move(tx, part, DiversionState.LAPSED, ended_at=self._world.clock())

    async def _parts(self, tx: Transaction, diversion_id: str) -> list[Diversion]:
        return await tx.diversions.find({"diversion_id": diversion_id}, order=("staff_id",))

    async def _move(
        self, tx: Transaction, part: Diversion, state: DiversionState, **fields: object
    ) -> Diversion:
        part = part.changed(state=moved(DIVERSION_MOVES, part.state, state), **fields)
        await tx.diversions.replace(part)
        fact = StaffDiverted if state is DiversionState.ACCEPTED else DiversionChanged
        tx.log(fact.of(part, **self._world.stamp()))
        return part


def travel_minutes(here: Station, there: Station) -> float:
    """Minutes in which nine of ten trips from one station to the other are made."""
    return round(travel_s(distance_m(here.location, there.location)) * TRAVEL_P90_RATIO / 60, 1)
