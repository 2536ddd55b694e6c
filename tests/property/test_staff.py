"""After any history of shifts and diversions: one place for each person, floors kept, rooms complete."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.snapshots import Snapshots
from services.diversions import DivertOrder
from services.errors import HubError
from services.models import Role, ShiftKind, Station
from services.rules import Rules
from services.states import DIVERSION_OPEN, DIVERSION_UNSETTLED, DiversionState
from tests.property.rooms import plain
from tests.property.staff_rooms import OpenDiversions, OwnDuty, StaffOfNetwork, StaffOfStation
from tests.property.worlds import no_stats, played_in_a_city
from tests.unit.services.city import City
from tests.unit.services.crews import crew

STATIONS, PEOPLE = 3, 5
OPERATIONS = ("start", "end", "ask", "ask two", "accept", "decline", "arrive", "home", "wait", "drive")

OFTEN = ("ask", "accept", "accept")  # so that floors are reached

steps = st.lists(
    st.tuples(st.sampled_from(OPERATIONS + OFTEN), st.integers(0, PEOPLE - 1), st.integers(0, STATIONS - 1)),
    max_size=40,
)


class World:
    """Three stations; two people of the first, one of the second, one known by their token alone, one new."""

    stations: list[Station]
    people: list[str]

    def __init__(self, city: City) -> None:
        self.city = city
        self.services = city.services
        self.snapshots = Snapshots(city.services, no_stats)

    async def fill(self) -> None:
        self.stations = [await self.city.station(charged=1, staff=size, bays=2) for size in (2, 1, 0)]
        self.people = [one for station in self.stations for one in await crew(self.city, station)]
        for name, station_id in (("token", self.stations[0].id), ("new", None)):
            await self.services.people.seen(name, role=Role.STAFF, name=name, station_id=station_id)
            self.people.append(name)

    async def step(self, operation: str, person: str, station: Station) -> None:
        with suppress(HubError):
            await self._do(operation, person, station)

    async def _do(self, operation: str, person: str, station: Station) -> None:
        shifts, claimed = self.services.shifts, self.stations[0].id if person == "token" else None
        match operation:
            case "start" | "arrive":
                await shifts.start(person, station.id, claimed=claimed)
            case "home":
                part = await self._open_part(person)
                await shifts.start(person, part.from_station_id if part else None, claimed=claimed)
            case "end":
                await shifts.end(person, None, claimed=claimed)
            case "ask":
                await self._ask(station, person)
            case "ask two":
                await self._ask(station, person, self.people[(self.people.index(person) + 1) % PEOPLE])
            case "accept" | "decline":
                part = await self._open_part(person)
                if part:
                    await self._answer(part.diversion_id, person, claimed, accept=operation == "accept")
            case "drive":
                await self.city.ping(person, station, 20)
                await shifts.notice_arrival(person)
            case "wait":
                await self.city.fired(minutes=4)

    async def _open_part(self, person: str) -> Any:
        reads = self.services.world.records.now.diversions
        asked = await reads.first({"staff_id": person, "state": DIVERSION_UNSETTLED})
        return asked or await reads.first({"staff_id": person, "state": DIVERSION_OPEN})

    async def _ask(self, there: Station, *people: str) -> None:
        duty = await self.services.people.duty(people[0], self.stations[0].id)
        if duty.station_id == there.id:  # the handler's to refuse
            return
        order = DivertOrder(
            from_station_id=duty.station_id or "",
            to_station_id=there.id,
            staff_ids=list(people),
            reason="a queue",
        )
        await self.services.diversions.divert(order, by="admin_1")

    async def _answer(self, diversion_id: str, person: str, claimed: str | None, *, accept: bool) -> None:
        before = await self._present()
        await self.services.diversions.respond(
            diversion_id, person, accept=accept, reason=None, claimed=claimed
        )
        after = await self._present()
        for station_id, present in after.items():  # what an answer takes away leaves the minimum
            assert present >= min(before[station_id], self.services.world.rules.staff_minimum)

    async def _present(self) -> dict[str, int]:
        rosters = {one.id: await self.services.staff.on_duty(one.id) for one in self.stations}
        return {id: sum(row.expected_at is None for row in rows) for id, rows in rosters.items()}

    async def check(self) -> None:
        """What must hold whatever has happened."""
        reads = self.services.world.records.now
        duties = await reads.staff_assignments.find({"ends_at": None})
        assert set(Counter(one.staff_id for one in duties).values()) <= {1}
        sent = await reads.diversions.find({"state": (DiversionState.ACCEPTED, DiversionState.ARRIVED)})
        assert {part.id for part in sent} == {one.id for one in duties if one.kind is ShiftKind.DIVERSION}
        unsettled = await reads.diversions.find({"state": DIVERSION_UNSETTLED})
        assert len({part.staff_id for part in unsettled}) == len(unsettled)
        rosters = [await self.services.staff.on_duty(one.id) for one in self.stations]
        on_rosters = Counter(row.staff_id for rows in rosters for row in rows)
        assert set(on_rosters.values()) <= {1}  # nobody is in two places
        places = {
            (row.staff_id, at.id) for at, rows in zip(self.stations, rosters, strict=True) for row in rows
        }
        asked = await reads.diversions.find({"state": DiversionState.OFFERED})
        assert {(part.staff_id, part.from_station_id) for part in asked} <= places
        assert await self.services.stations.live_equals_records()


def world() -> AbstractAsyncContextManager[World]:
    return played_in_a_city(World, rules=Rules(gps_max_speed_mps=0))


Client = StaffOfStation | OpenDiversions


async def clients(made: World) -> dict[str, Client]:
    """Somebody in each room, with its snapshot of now."""
    rooms: dict[str, Client] = {"admin": StaffOfNetwork(plain(await made.snapshots.admin()))}
    for station in made.stations:
        name = f"station:{station.id}:staff"
        rooms[name] = StaffOfStation(plain(await made.snapshots.staff(station.id)))
    for person in made.people:
        rooms[f"user:{person}"] = OwnDuty(plain(await made.snapshots.user(person)))
    return rooms


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=steps, after=steps)
@example(  # all of a station are asked, and all say yes
    before=[("ask", 0, 2), ("ask", 1, 2), ("ask", 3, 2)],
    after=[("accept", 0, 0), ("accept", 1, 0), ("accept", 3, 0)],
)
async def test_histories_keep_the_rules_and_events_complete_the_snapshots(
    before: list[tuple[str, int, int]], after: list[tuple[str, int, int]]
) -> None:
    async with world() as made:
        for operation, person, station in before:
            await made.step(operation, made.people[person], made.stations[station])
        rooms, heard = await clients(made), len(await made.city.told())

        for operation, person, station in after:
            await made.step(operation, made.people[person], made.stations[station])
            await made.check()
        for event in (await made.city.told())[heard:]:
            for room in event["rooms"]:
                if room in rooms:
                    rooms[room].hear(event)

        fresh = await clients(made)
        assert {room: client.known() for room, client in rooms.items()} == {
            room: client.known() for room, client in fresh.items()
        }
