"""Many forms at once, all or none: how a network is filled from files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.base import Model
from services.batteries import BatteryService
from services.board_saves import publish_all, publish_anew
from services.boards import Boards
from services.errors import HubError, ValidationFailed
from services.forms import BatteryForm, PartnerForm, StationForm, Stored, UserForm
from services.partners import PartnerService
from services.people_saves import PeopleSaves
from services.ports import Transaction
from services.station_admin import StationAdmin
from services.world import World

Form = StationForm | PartnerForm | BatteryForm | UserForm

BY: Final = "navswap-import"  # who stands in custody records


class Refused(Model):
    """A form that the rules refuse, by its place in the sequence, and why."""

    index: int
    reason: str


class ImportRefused(Exception):
    """Nothing was written; `refused` is every form in the way."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        super().__init__(f"{len(refused)} refused")
        self.refused = refused


class ImportService:
    """Takes forms of one kind in one transaction. The same forms again change nothing."""

    def __init__(
        self,
        world: World,
        boards: Boards,
        stations: StationAdmin,
        partners: PartnerService,
        batteries: BatteryService,
        people: PeopleSaves,
    ) -> None:
        self._world = world
        self._boards = boards
        self._stations = stations
        self._partners = partners
        self._batteries = batteries
        self._people = people

    async def take(self, forms: Sequence[Form]) -> int:
        """Save them all; answers how many changed something. Raises ImportRefused.

        A pack that is known stays as it is: where it is now is the network's to say.
        """
        async with self._world.records.transaction() as tx:
            outcomes = [await self._outcome(tx, index, form) for index, form in enumerate(forms)]
            refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
            if refused:
                raise ImportRefused(refused)
            stored = [outcome for outcome in outcomes if isinstance(outcome, set)]
            publish = publish_anew if any(isinstance(form, UserForm) for form in forms) else publish_all
            await publish(tx, self._boards, set().union(*stored))
        return len(stored)

    async def _outcome(self, tx: Transaction, index: int, form: Form) -> Stored | Refused:
        try:
            return await self._store(tx, form)
        except HubError as error:
            return Refused(index=index, reason=in_words(error))

    async def _store(self, tx: Transaction, form: Form) -> Stored:
        match form:
            case StationForm():
                return await self._stations.store(tx, form)
            case PartnerForm():
                return await self._partners.store(tx, form)
            case UserForm():
                return await self._people.store(tx, form)
            case BatteryForm():
                if await tx.batteries.get(form.battery_id) is not None:
                    return None
                return await self._batteries.store(tx, form, by=BY)


def in_words(error: HubError) -> str:
    """A refusal for somebody who looks at the line that it is about."""
    if isinstance(error, ValidationFailed):
        return "; ".join(f"{problem['path']} {problem['message']}" for problem in error.problems)
    about = ", ".join(f"{name} {value}" for name, value in error.details.items())
    return f"{error.code}: {about}" if about else str(error.code)
