"""Riders whose station cannot serve them are offered the next best place, in one step with the bad news.

A station that closes sends its riders away in parts: each is one transaction, the first that of the
closing itself, the others are fired by a timer until nobody is left, after a crash, too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from services.base import Location
from services.boards import Boards
from services.entries import Entries
from services.models import Entry, Station, battery_type_of
from services.place_offers import PlaceOffers
from services.ports import Transaction, Where
from services.recommend import RecommendService
from services.saved_events import StationSaved
from services.states import WAITING, WAITLISTED, EntryState, WaitingState
from services.timers import set_timer, timer
from services.waiting_models import OfferReason, Waiting
from services.world import World

REBOOK_TIMER: Final = "rebook.part"
AT_ONCE: Final = 10  # riders of a part
OPTIONS: Final = AT_ONCE  # other stations that are tried: the others of a part may have filled the best ones
KNOWN_FOR: Final = timedelta(minutes=5)  # an older fix does not tell where a rider is

Targets = dict[str, Station]
"""Stations where places were offered, by id, with what is yet to be written of them."""


class Rebooking:
    """Sends riders away and offers them another place, inside its caller's transaction."""

    def __init__(
        self,
        world: World,
        boards: Boards,
        entries: Entries,
        offers: PlaceOffers,
        recommend: RecommendService,
    ) -> None:
        self._world = world
        self._boards = boards
        self._entries = entries
        self._offers = offers
        self._recommend = recommend

    async def close(self, tx: Transaction, station: Station, reason: OfferReason) -> None:
        """Take a station out of service, with what else is changed of it: who waits there is sent away."""
        closed = station.model_copy(update={"is_active": False})
        await self._next_part(tx, closed, reason)
        await self._boards.publish(tx, closed)
        tx.log(StationSaved.of(closed, self._world.stamp()))

    async def on_part_due(self, tx: Transaction, subject: str) -> None:
        """Timer: the next part, unless the station is open again."""
        reason, _, station_id = subject.partition(":")
        station = await self._entries.station(tx, station_id)
        if not station.is_active:
            await self._next_part(tx, station, OfferReason(reason))
            await self._boards.publish(tx, station)

    async def _next_part(self, tx: Transaction, station: Station, reason: OfferReason) -> None:
        """End a few turns, whose riders want no other place, and a few entries; a timer goes on."""
        turns = await tx.waitlist.find({"station_id": station.id, "state": WAITLISTED}, limit=AT_ONCE)
        for turn in turns:
            await self._offers.end(tx, turn, WaitingState.ENDED, reason)
        waiting: Where = {"station_id": station.id, "state": WAITING}
        entries = await tx.queues.find(waiting, order=("order",), limit=AT_ONCE)
        targets = Targets()
        for entry in entries:
            await self._entries.end(tx, entry, EntryState.CANCELLED, reason)
            await self._offer_next_best(tx, entry, reason, targets)
        await self._publish(tx, targets)
        if AT_ONCE in (len(turns), len(entries)):
            await set_timer(tx, timer(REBOOK_TIMER, f"{reason}:{station.id}", self._world.clock()))

    async def _publish(self, tx: Transaction, targets: Targets) -> None:
        for station_id in sorted(targets):
            await self._boards.publish(tx, targets[station_id])

    async def offer_instead(self, tx: Transaction, entry: Entry, reason: OfferReason) -> bool:
        """Offer the next best place to a rider who keeps the one they have until they take it."""
        targets = Targets()
        await self._offer_next_best(tx, entry, reason, targets)
        await self._publish(tx, targets)
        return bool(targets)

    async def _offer_next_best(
        self, tx: Transaction, entry: Entry, reason: OfferReason, targets: Targets
    ) -> None:
        """Offer the best place there is, if there is one; its station becomes one of the targets.

        Who has an offer keeps that; who has no phone would not hear of one.
        """
        if entry.walk_in or await self._offers.open_of(tx, entry.user_id) is not None:
            return
        turn = self._turn(entry, reason)
        for station_id in await self._options(tx, entry):
            station = targets.get(station_id) or await self._entries.station(tx, station_id)
            there = turn.model_copy(update={"station_id": station_id})
            if await self._offers.offer(tx, station, there) is not None:
                targets[station_id] = station.model_copy(update={"waitlisted": station.waitlisted + 1})
                return

    async def _options(self, tx: Transaction, entry: Entry) -> list[str]:
        """Other stations, the best first, seen from where the rider is, else from where they were going."""
        here = await self._place_of(tx, entry)
        ranked = await self._recommend.rank(
            entry.user_id, here, battery_level=entry.battery_level, limit=OPTIONS + 1
        )
        return [one.station_id for one in ranked if one.station_id != entry.station_id][:OPTIONS]

    async def _place_of(self, tx: Transaction, entry: Entry) -> Location:
        fix = await self._world.live.position(entry.user_id)
        if fix is not None and self._world.clock() - fix.at <= KNOWN_FOR:
            return fix.location
        return (await self._entries.station(tx, entry.station_id)).location

    def _turn(self, entry: Entry, reason: OfferReason) -> Waiting:
        return Waiting(
            id=self._world.ids(),
            station_id=entry.station_id,
            user_id=entry.user_id,
            user_name=entry.user_name,
            vehicle=entry.vehicle,
            battery_type=battery_type_of(entry.vehicle),
            state=WaitingState.WAITING,
            reason=reason,
            from_station_id=entry.station_id,
            since=self._world.clock(),
        )
