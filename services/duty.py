"""Who is on duty at a station: open records there, and staff of the station without any record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple, Protocol

from services.models import Role, User
from services.ports import Snapshot, Transaction

AT_ONCE: Final = 500
"""Stations asked for in one query."""


@dataclass(frozen=True, slots=True)
class OnDuty:
    """One person on duty; `expected_at` is set while they are still on the way."""

    staff_id: str
    since: datetime
    expected_at: datetime | None = None


class Member(Protocol):
    """What counting needs of somebody on duty."""

    @property
    def expected_at(self) -> datetime | None: ...


class Crew(NamedTuple):
    """How many are on duty, and how many of these are there."""

    on_duty: int
    present: int

    @classmethod
    def of(cls, people: Sequence[Member]) -> Crew:
        return cls(len(people), sum(one.expected_at is None for one in people))


async def crew_of(reads: Snapshot | Transaction, station_id: str) -> list[OnDuty]:
    """The people on duty at a station, by their ids."""
    crews = await crews_of(reads, (station_id,))
    return crews.get(station_id, [])


async def crews_of(reads: Snapshot | Transaction, station_ids: Iterable[str]) -> dict[str, list[OnDuty]]:
    """The people on duty at each station where somebody is, by their ids."""
    crews: dict[str, dict[str, OnDuty]] = defaultdict(dict)
    rest = iter(station_ids)
    while some := tuple(islice(rest, AT_ONCE)):
        for one in await reads.staff_assignments.find({"station_id": some, "ends_at": None}):
            until = one.expected_at if one.is_on_the_way else None
            crews[one.station_id][one.staff_id] = OnDuty(one.staff_id, one.starts_at, until)
        for user in await reads.users.find({"role": Role.STAFF, "station_id": some}):
            crew = crews[user.station_id or ""]
            if user.id not in crew and await has_no_record(reads, user.id):
                crew[user.id] = OnDuty(user.id, user.created_at)
    return {id: [crew[staff_id] for staff_id in sorted(crew)] for id, crew in crews.items() if crew}


async def count_on_duty(reads: Snapshot | Transaction, station_id: str) -> Crew:
    """The numbers of those on duty at a station."""
    return Crew.of(await crew_of(reads, station_id))


async def has_no_record(reads: Snapshot | Transaction, staff_id: str) -> bool:
    """Has somebody never begun a shift, so that their token alone says where they work?"""
    return await reads.staff_assignments.first({"staff_id": staff_id}) is None


def counted_station(user: User) -> str | None:
    """The station at which somebody without a record counts."""
    return user.station_id if user.role is Role.STAFF else None
