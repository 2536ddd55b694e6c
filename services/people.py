"""Users, and where a staff member is on duty."""

from __future__ import annotations

from dataclasses import dataclass

from services.boards import Boards
from services.errors import DuplicateKey, NotFound, raise_
from services.models import Role, User
from services.ports import Transaction
from services.world import World


@dataclass(frozen=True, slots=True)
class Duty:
    """A staff member's station: of the newest record, else of the token."""

    station_id: str | None
    on_duty: bool


class PeopleService:
    """Who is who."""

    def __init__(self, world: World, boards: Boards) -> None:
        self._world = world
        self._boards = boards

    async def seen(self, user_id: str, *, role: Role, name: str, station_id: str | None) -> User:
        """The user; created from these claims when seen first. The record's name and vehicle stay."""
        known = await self._world.records.now.users.get(user_id)
        if known is not None:
            return known
        user = User(id=user_id, role=role, name=name, station_id=station_id, created_at=self._world.clock())
        try:
            async with self._world.records.transaction() as tx:
                await tx.users.insert(user)
                await self._on_duty(tx, user)
        except DuplicateKey:  # seen at the same moment through another socket
            return await self.get(user_id)
        return user

    async def _on_duty(self, tx: Transaction, user: User) -> None:
        """Staff without a record count as on duty at their station: it has one more."""
        station = await tx.stations.get(user.station_id or "") if user.role is Role.STAFF else None
        if station is not None:
            await self._boards.publish(tx, station.model_copy(update={"staff_on_duty": None}))

    async def get(self, user_id: str) -> User:
        """Raises NotFound."""
        return await self._world.records.now.users.get(user_id) or raise_(NotFound(user_id=user_id))

    async def duty(self, user_id: str, claimed_station_id: str | None) -> Duty:
        """Where a staff member works now; who has no record counts as on duty where the token says."""
        records = self._world.records.now.staff_assignments
        running = await records.first({"staff_id": user_id, "ends_at": None})
        if running is not None:
            return Duty(running.station_id, on_duty=True)
        newest = await records.first({"staff_id": user_id}, order=("-starts_at", "-id"))
        if newest is None:
            return Duty(claimed_station_id, on_duty=claimed_station_id is not None)
        return Duty(newest.station_id, on_duty=newest.ends_at is None)
