"""Riders without a phone: staff give them a place, and scan it for them."""

from __future__ import annotations

from services.admission import Admission, Guest
from services.answers import QueuePlace
from services.entries import Entries
from services.errors import NotFound
from services.forms import UserForm
from services.models import Role, User, Vehicle
from services.people_saves import PeopleSaves
from services.ports import Transaction
from services.upkeep_models import AuditRecord
from services.world import World

ACTION = "queue:walk-in"  # in the audit


class WalkIns:
    """Admits who stands at the station. Swaps, packs and credits need a holder, so each is a user."""

    def __init__(self, world: World, entries: Entries, admission: Admission, people: PeopleSaves) -> None:
        self._world = world
        self._entries = entries
        self._admission = admission
        self._people = people

    async def admit(
        self, station_id: str, *, user_id: str | None, name: str | None, vehicle: Vehicle | None, by: str
    ) -> QueuePlace:
        """A place in state `arrived` for a known rider, or for a new one of that name.

        Raises NotFound for who is no rider, and as `queue:confirm`.
        """
        async with self._world.records.transaction() as tx:
            station = await self._entries.station(tx, station_id)
            rider = await (self._known(tx, user_id) if user_id else self._new(tx, name or "", vehicle))
            await self._note(tx, rider, by)
            guest = Guest(rider, vehicle or rider.vehicle, walk_in=True)
            admitted = await self._admission.admit(tx, station, guest)
            return self._entries.place(admitted.entry, station, admitted.token)

    async def _known(self, tx: Transaction, user_id: str) -> User:
        user = await tx.users.get(user_id)
        if user is None or user.role is not Role.CONSUMER:
            raise NotFound(user_id=user_id)
        return user

    async def _new(self, tx: Transaction, name: str, vehicle: Vehicle | None) -> User:
        id = f"walk-in_{self._world.ids()}"
        form = {"user_id": id, "role": Role.CONSUMER, "name": name}
        await self._people.store(tx, UserForm(**form, **({"vehicle": vehicle} if vehicle else {})))
        return await self._known(tx, id)

    async def _note(self, tx: Transaction, rider: User, by: str) -> None:
        """Staff have acted for somebody."""
        await tx.audit.insert(
            AuditRecord(
                id=self._world.ids(),
                actor=by,
                on_behalf_of=rider.id,
                action=ACTION,
                at=self._world.clock(),
            )
        )
