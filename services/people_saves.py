"""Users as an admin sets them up, and as they keep their own profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.board_saves import publish_anew
from services.boards import Boards
from services.duty import counted_station
from services.errors import Conflict, NotFound, raise_
from services.forms import ProfileForm, Stored, UserForm, given, require
from services.models import HolderKind, User, battery_type_of
from services.ports import Transaction
from services.saved_answers import UserCard
from services.saved_events import UserSaved
from services.states import OPEN, WAITLISTED
from services.world import World

CLEARS: Final = ("phone", "vehicle")


class PeopleSaves:
    """Writes users; what a promise rests on stays while the promise is open."""

    def __init__(self, world: World, boards: Boards) -> None:
        self._world = world
        self._boards = boards

    async def save(self, form: UserForm) -> UserCard:
        """Make a user, or change what is given of one.

        Raises ValidationFailed when a new one lacks a field, NotFound for a station that does not exist,
        Conflict for another role or battery type while an entry, a pack or a shift rests on it.
        """
        async with self._world.records.transaction() as tx:
            stations = await self.store(tx, form)
            await publish_anew(tx, self._boards, stations or ())
            user = await tx.users.get(form.user_id) or raise_(NotFound(user_id=form.user_id))
        return card_of(user)

    async def save_profile(self, user_id: str, form: ProfileForm) -> UserCard:
        """Change what is given of the caller's own. Raises NotFound, Conflict as `save`."""
        values = given(form, but=(), clears=CLEARS)
        async with self._world.records.transaction() as tx:
            known = await tx.users.get(user_id) or raise_(NotFound(user_id=user_id))
            return card_of(await self._change(tx, known, values))

    async def store(self, tx: Transaction, form: UserForm) -> Stored:
        """One form, in its caller's transaction."""
        values = given(form, but=("user_id",), clears=(*CLEARS, "station_id"))
        if form.station_id is not None and await tx.stations.get(form.station_id) is None:
            raise NotFound(station_id=form.station_id)
        known = await tx.users.get(form.user_id)
        if known is not None:
            changed = await self._change(tx, known, values)
            if changed is known:
                return None
            return set() if counted_station(changed) == counted_station(known) else _stations(known, changed)
        require(form, "role", "name")
        user = User.model_validate({"id": form.user_id, "created_at": self._world.clock(), **values})
        await tx.users.insert(user)
        tx.log(self._saved(user))
        return _stations(user)

    async def _change(self, tx: Transaction, known: User, values: Mapping[str, object]) -> User:
        wanted = known.model_copy(update=dict(values))
        if wanted == known:
            return known
        if wanted.role is not known.role:
            await _check_role_rests(tx, known)
        if battery_type_of(wanted.vehicle) != battery_type_of(known.vehicle):
            await _check_no_entry(tx, known)
        changed = known.changed(**values)
        await tx.users.replace(changed)
        tx.log(self._saved(changed))
        return changed

    def _saved(self, user: User) -> UserSaved:
        return UserSaved(
            **self._world.stamp(),
            version=user.version,
            user_id=user.id,
            role=user.role,
            user_name=user.name,
            vehicle=user.vehicle,
            station_id=user.station_id,
        )


async def _check_no_entry(tx: Transaction, user: User) -> None:
    entry = await tx.queues.first({"user_id": user.id, "state": OPEN})
    if entry is not None:
        raise Conflict(user_id=user.id, entry_id=entry.id)
    turn = await tx.waitlist.first({"user_id": user.id, "state": WAITLISTED})
    if turn is not None:
        raise Conflict(user_id=user.id, waiting_id=turn.id)


async def _check_role_rests(tx: Transaction, user: User) -> None:
    """Nobody becomes another while they have a place, a pack, or a shift."""
    await _check_no_entry(tx, user)
    for kind in (HolderKind.RIDER, HolderKind.VAN):
        pack = await tx.batteries.first({"holder.kind": kind, "holder.id": user.id})
        if pack is not None:
            raise Conflict(user_id=user.id, battery_id=pack.id)
    if await tx.staff_assignments.count({"staff_id": user.id, "ends_at": None}):
        raise Conflict(user_id=user.id, on_duty="yes")


def _stations(*users: User) -> set[str]:
    return {station_id for user in users if (station_id := counted_station(user))}


def card_of(user: User) -> UserCard:
    """A user as an admin and they themselves see them."""
    return UserCard(user_id=user.id, **user.model_dump(exclude={"id"}))
