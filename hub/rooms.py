"""Rooms: their names, who may join, and what they show to who joins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from hub.operations import Identity
from hub.snapshots import (
    AdminRoom,
    JobRoom,
    Snapshots,
    StaffRoom,
    StationRoom,
    Stats,
    TransportersRoom,
    UserRoom,
)
from services.base import Model
from services.errors import Forbidden, NotFound
from services.job_models import EndKind
from services.models import Role
from services.network import Services

ADMIN: Final = "admin"
TRANSPORTERS: Final = "transporters"
_STAFF_END: Final = ":staff"


def user_room(user_id: str) -> str:
    return f"user:{user_id}"


def staff_room(station_id: str) -> str:
    return f"station:{station_id}{_STAFF_END}"


def automatic(identity: Identity) -> tuple[str, ...]:
    """The rooms that a socket is in from the start."""
    own = user_room(identity.user_id)
    return (own, TRANSPORTERS) if identity.role is Role.TRANSPORTER else (own,)


@dataclass(frozen=True, slots=True)
class Name:
    """A room's name, taken apart: `station:{id}:staff` is kind `staff`."""

    kind: str
    id: str = ""

    @classmethod
    def of(cls, room: str) -> Name:
        kind, _, id = room.partition(":")
        if kind == "station" and id.endswith(_STAFF_END):
            return cls("staff", id.removesuffix(_STAFF_END))
        return cls(kind, id)


class HubRooms:
    """Implements `hub.operations.RoomView`."""

    def __init__(self, services: Services, stats: Callable[[], Awaitable[Stats]]) -> None:
        self._services = services
        self._snapshots = Snapshots(services, stats)

    async def check(self, identity: Identity, room: str) -> None:
        if not await self.may_hear(identity, room):
            raise Forbidden(room=room)

    async def may_hear(self, identity: Identity, room: str) -> bool:
        """Does the room exist, and is it open to the caller?"""
        return await self._may_join(identity, Name.of(room))

    async def _may_join(self, identity: Identity, name: Name) -> bool:
        match name:
            case Name("user", id):
                return id == identity.user_id
            case Name("station", id):
                return await self._is_station(id)
            case Name("staff", id):
                return await self._works_at(identity, id) and await self._is_station(id)
            case Name("transporters", ""):
                return identity.role is Role.TRANSPORTER
            case Name("job", id):
                return await self._may_follow(identity, id)
            case Name("admin", ""):
                return identity.role is Role.ADMIN
        return False

    async def _may_follow(self, identity: Identity, job_id: str) -> bool:
        """A job is open to its transporter, to staff at its ends, and to admins."""
        try:
            job = await self._services.jobs.get(job_id)
        except NotFound:
            return False
        if identity.role is Role.TRANSPORTER:
            return job.assignee_id == identity.user_id
        ends = [end.id for end in (job.source, job.target) if end.kind is EndKind.STATION]
        return identity.role is Role.ADMIN or any([await self._works_at(identity, id) for id in ends])

    async def _works_at(self, identity: Identity, station_id: str) -> bool:
        if identity.role is not Role.STAFF:
            return identity.role is Role.ADMIN
        duty = await self._services.people.duty(identity.user_id, identity.station_id)
        return duty.on_duty and duty.station_id == station_id

    async def of_duty(self, identity: Identity) -> str | None:
        """The room of the station where somebody is on duty; none off duty, and for who is no staff."""
        if identity.role is not Role.STAFF:
            return None
        duty = await self._services.people.duty(identity.user_id, identity.station_id)
        return staff_room(duty.station_id) if duty.on_duty and duty.station_id else None

    async def _is_station(self, station_id: str) -> bool:
        try:
            await self._services.stations.status(station_id)
        except NotFound:
            return False
        return True

    async def snapshot(self, identity: Identity, room: str) -> Model:
        name = Name.of(room)
        made: UserRoom | StationRoom | StaffRoom | AdminRoom | JobRoom | TransportersRoom
        match name.kind:
            case "user":
                made = await self._snapshots.user(identity.user_id)
            case "station":
                made = await self._snapshots.station(name.id)
            case "staff":
                made = await self._snapshots.staff(name.id)
            case "admin":
                made = await self._snapshots.admin()
            case "job":
                made = await self._snapshots.job(name.id)
            case _:
                made = await self._snapshots.transporters()
        return made
