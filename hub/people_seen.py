"""Users are created when seen first; who has been seen is remembered, so that it costs nothing later."""

from __future__ import annotations

from typing import Final

from hub.operations import Identity
from services.again import insist
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
            if len(self._roles) >= MOST_REMEMBERED:
                del self._roles[next(iter(self._roles))]
        self._roles[identity.user_id] = identity.role

    async def _create(self, identity: Identity) -> None:
        await self._people.seen(
            identity.user_id, role=identity.role, name=identity.name, station_id=identity.station_id
        )

    def role(self, user_id: str) -> Role | None:
        """The role of somebody seen by this process."""
        return self._roles.get(user_id)
