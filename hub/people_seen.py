"""Users are created when seen first; who has been seen is remembered, so that it costs nothing later."""

from __future__ import annotations

from typing import Final

from hub.operations import Identity
from services.again import insist
from services.errors import HubError
from services.models import Role
from services.people import PeopleService

MOST_REMEMBERED: Final = 100_000


class Seen:
    """The users that this process has seen, with the role of their newest token."""

    def __init__(self, people: PeopleService) -> None:
        self._people = people
        self._roles: dict[str, Role] = {}

    async def note(self, identity: Identity) -> None:
        """Make sure that the user of a token exists."""
        if identity.user_id not in self._roles:
            await insist(lambda: self._create(identity))
        self._remember(identity.user_id, identity.role)

    async def _create(self, identity: Identity) -> None:
        await self._people.seen(
            identity.user_id, role=identity.role, name=identity.name, station_id=identity.station_id
        )

    def role(self, user_id: str) -> Role | None:
        """The role of somebody seen by this process."""
        return self._roles.get(user_id)

    async def find_role(self, user_id: str) -> Role | None:
        """The role of somebody whom another node may have seen; none when the records do not know them."""
        if user_id not in self._roles:
            try:
                self._remember(user_id, (await self._people.get(user_id)).role)
            except HubError:
                return None
        return self._roles[user_id]

    def _remember(self, user_id: str, role: Role) -> None:
        if user_id not in self._roles and len(self._roles) >= MOST_REMEMBERED:
            del self._roles[next(iter(self._roles))]
        self._roles[user_id] = role
