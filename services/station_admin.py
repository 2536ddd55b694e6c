"""Stations as their operator sets them up, opens and closes them."""

from __future__ import annotations

from typing import Final

from services.boards import Boards
from services.entries import Entries
from services.errors import Conflict
from services.forms import StationForm, Stored, given, require
from services.models import HolderKind, Station
from services.ports import Transaction
from services.rebooking import Rebooking
from services.saved_answers import SavedStation
from services.saved_events import StationSaved
from services.stations import status_of
from services.waiting_models import OfferReason
from services.world import World

SLOTS: Final = 40  # of a new station that names none
OWN_ID: Final = ("station_id",)


class StationAdmin:
    """Saves stations. Closing one sends those away who wait; who is being served is served."""

    def __init__(self, world: World, boards: Boards, entries: Entries, rebooking: Rebooking) -> None:
        self._rebooking = rebooking
        self._world = world
        self._boards = boards
        self._entries = entries

    async def save(self, form: StationForm) -> SavedStation:
        """Make a station, or change what is given of one.

        Raises ValidationFailed when a new one lacks a field, Conflict for fewer slots than it has packs.
        """
        async with self._world.records.transaction() as tx:
            await self.store(tx, form)
            return await self._answer(tx, form.station_id)

    async def close(self, station_id: str) -> SavedStation:
        """Take no more riders; who waits is told, and offered the next best place. Raises NotFound."""
        return await self._set_active(station_id, is_active=False)

    async def open(self, station_id: str) -> SavedStation:
        """Take riders again. Raises NotFound."""
        return await self._set_active(station_id, is_active=True)

    async def _set_active(self, station_id: str, *, is_active: bool) -> SavedStation:
        async with self._world.records.transaction() as tx:
            await self._entries.station(tx, station_id)
            await self.store(tx, StationForm(station_id=station_id, is_active=is_active))
            return await self._answer(tx, station_id)

    async def store(self, tx: Transaction, form: StationForm) -> Stored:
        """One form, in its caller's transaction; the station is published with it."""
        known = await tx.stations.get(form.station_id)
        if known is None:
            station = self._new(form)
            await tx.stations.insert(station)
        else:
            station = known.model_copy(update=given(form, but=OWN_ID))
            if station == known:
                return None
            await self._check_slots(tx, station)
            if known.is_active and not station.is_active:
                await self._rebooking.close(tx, station, OfferReason.STATION_CLOSED)
                return set()
        await self._boards.publish(tx, station)
        tx.log(StationSaved.of(station, self._world.stamp()))
        return set()

    def _new(self, form: StationForm) -> Station:
        require(form, "name", "location")
        defaults = {"capacity": self._world.rules.queue_max_capacity, "slots": SLOTS}
        return Station.model_validate({"id": form.station_id, **defaults, **given(form, but=OWN_ID)})

    async def _check_slots(self, tx: Transaction, station: Station) -> None:
        here = {"holder.kind": HolderKind.SLOT, "holder.id": station.id}
        packs = await tx.batteries.find(here, order=("-holder.slot",), limit=1)
        most = max(await tx.batteries.count(here), *(pack.holder.slot or 0 for pack in packs), 0)
        if most > station.slots:
            raise Conflict(station_id=station.id, slots=station.slots, slots_in_use=most)

    async def _answer(self, tx: Transaction, station_id: str) -> SavedStation:
        station = await self._entries.station(tx, station_id)
        status = status_of(await self._boards.project(tx, station))
        return SavedStation(**dict(status), bays=station.bays, slots=station.slots)
