"""Packs as their operator registers and puts right, and as a scan shows them."""

from __future__ import annotations

from typing import Final

from services.answers import Page
from services.board_saves import publish_all
from services.boards import Boards
from services.custody import CustodyService
from services.entries import Entries
from services.errors import Conflict, NotFound, raise_
from services.forms import BatteryForm, Stored, given, needed
from services.job_ends import has_job_at
from services.models import Battery, Custody, Holder, HolderKind
from services.places import Places
from services.ports import Range, Transaction, Where
from services.saved_answers import BatteryCard, BatteryDetails, CustodyLink, SlotPack
from services.saved_events import BatteryMovedElsewhere
from services.states import BATTERY_MOVES, BatteryState, moved
from services.world import World

SAVE: Final = "battery:save"  # the proof of a custody record that an operator made
KEPT_OUT: Final = (BatteryState.QUARANTINED, BatteryState.RETIRED)

FITS: Final = {
    HolderKind.SLOT: (BatteryState.CHARGED, BatteryState.CHARGING, *KEPT_OUT),
    HolderKind.PARTNER: (BatteryState.CHARGED, BatteryState.CHARGING, *KEPT_OUT),
    HolderKind.RIDER: (BatteryState.IN_USE,),
    HolderKind.VAN: (BatteryState.IN_TRANSIT, BatteryState.QUARANTINED),
    HolderKind.WORKSHOP: KEPT_OUT,
    HolderKind.LOST: KEPT_OUT,
}
"""The states that a pack may be in, by who has it."""


class BatteryService:
    """Saves packs, each with one holder who has room for it, and shows them."""

    def __init__(self, world: World, boards: Boards, entries: Entries, custody: CustodyService) -> None:
        self._world = world
        self._boards = boards
        self._entries = entries
        self._custody = custody
        self._places = Places()

    async def save(self, form: BatteryForm, *, by: str) -> BatteryCard:
        """Register a pack, or change what is given of one: also how a quarantined pack is released.

        Raises ValidationFailed for a new one without a holder, NotFound for a holder that does not
        exist, Conflict when there is no room, the state does not follow, or the pack is promised.
        """
        async with self._world.records.transaction() as tx:
            await publish_all(tx, self._boards, await self.store(tx, form, by=by) or ())
            pack = await tx.batteries.get(form.battery_id) or raise_(NotFound(battery_id=form.battery_id))
        return card_of(pack)

    async def store(self, tx: Transaction, form: BatteryForm, *, by: str) -> Stored:
        """One form, in its caller's transaction."""
        known = await tx.batteries.get(form.battery_id)
        pack = await self._filled(tx, form, known)
        if pack == known:
            return None
        if known is None:
            stored = await self._custody.register(tx, pack, by=by, proof=SAVE)
        else:
            _check_free(known, pack)
            await self._check_counted_on(tx, known, pack)
            change = pack.changed(updated_at=self._world.clock(), **_charging(known, pack))
            stored = await self._custody.hand_over(tx, known, change, by=by, proof=SAVE)
        if known is None or known.holder != stored.holder:
            await self._places.touch(tx, stored.holder)
        return self._tell(tx, known, stored)

    async def _check_counted_on(self, tx: Transaction, known: Battery, wanted: Battery) -> None:
        """A pack that is not bound, but needed to keep a promise, stays, too. Raises Conflict."""
        place, state = (known.holder.kind, known.holder.id), known.state
        stays = (wanted.holder.kind, wanted.holder.id) == place and wanted.battery_type == known.battery_type
        if place[0] is not HolderKind.SLOT or (stays and wanted.state in (state, BatteryState.CHARGED)):
            return
        if not await self._entries.can_lose(tx, known):
            raise Conflict(battery_id=known.id, reason="a rider has been promised a pack, and needs this one")

    async def _filled(self, tx: Transaction, form: BatteryForm, known: Battery | None) -> Battery:
        """The pack as the form wants it; nothing is written."""
        values = given(form, but=("battery_id", "holder", "state"))
        blank = {"id": form.battery_id, "soc": 0.0, "soh": 100.0, "updated_at": self._world.clock()}
        holder = await self._holder(tx, form, known)
        start = dict(known) if known is not None else blank
        pack = Battery.model_validate({**start, "state": BatteryState.CHARGING, **values, "holder": holder})
        return pack.model_copy(update={"state": self._state(form, known, pack)})

    async def _holder(self, tx: Transaction, form: BatteryForm, known: Battery | None) -> Holder:
        if form.holder is None:
            return known.holder if known is not None else raise_(needed("holder"))
        return await self._places.find(tx, form.holder, known)

    def _state(self, form: BatteryForm, known: Battery | None, pack: Battery) -> BatteryState:
        """What is asked for, or what follows from who has it and how full it is. Raises Conflict."""
        wanted = form.state or self._natural(known, pack)
        is_low = wanted is BatteryState.CHARGED and pack.soc < self._world.rules.charged_soc
        if wanted not in FITS[pack.holder.kind] or is_low:
            raise Conflict(state=wanted, holder=pack.holder.kind, soc=pack.soc)
        if known is not None and wanted is not known.state:
            return moved(BATTERY_MOVES, known.state, wanted)
        return wanted

    def _natural(self, known: Battery | None, pack: Battery) -> BatteryState:
        if known is not None and known.state in KEPT_OUT:
            return known.state  # nothing but a named state releases a pack
        fitting = FITS[pack.holder.kind]
        if fitting[0] is not BatteryState.CHARGED:
            return fitting[0]
        return BatteryState.CHARGED if pack.soc >= self._world.rules.charged_soc else BatteryState.CHARGING

    def _tell(self, tx: Transaction, before: Battery | None, after: Battery) -> set[str]:
        holders = (after.holder,) if before is None else (before.holder, after.holder)
        stations = {holder.id for holder in holders if holder.kind is HolderKind.SLOT}
        for station_id in sorted(stations):
            self._entries.log_pack(tx, after, station_id)
        if not stations:
            tx.log(BatteryMovedElsewhere.of(after, **self._world.stamp()))
        return stations

    async def get(self, battery_id: str, *, limit: int, cursor: int | None) -> BatteryDetails:
        """A pack with its custody chain, newest link first. Raises NotFound."""
        reads = self._world.records.now
        pack = await reads.batteries.get(battery_id) or raise_(NotFound(battery_id=battery_id))
        before: Where = {"number": Range(lt=cursor)} if cursor is not None else {}
        found = await reads.custody.find(
            {"battery_id": battery_id, **before}, order=("-number",), limit=limit + 1
        )
        links = [_link(record) for record in found[:limit]]
        following = str(links[-1].number) if len(found) > limit else None
        return BatteryDetails(**dict(card_of(pack)), custody=links, next_cursor=following)

    async def at_station(self, station_id: str, *, limit: int, cursor: int | None) -> Page[SlotPack]:
        """The packs in a station's slots, by slot. Raises NotFound."""
        reads = self._world.records.now
        await self._entries.station(reads, station_id)
        here: Where = {"holder.kind": HolderKind.SLOT, "holder.id": station_id}
        after: Where = {"holder.slot": Range(gt=cursor)} if cursor is not None else {}
        found = await reads.batteries.find({**here, **after}, order=("holder.slot",), limit=limit + 1)
        items = [_in_slot(pack) for pack in found[:limit]]
        return Page(items=items, next_cursor=str(items[-1].slot) if len(found) > limit else None)

    async def is_carrier(self, user_id: str, station_id: str) -> bool:
        """Has a transporter a job that begins or ends at the station?"""
        return await has_job_at(self._world.records.now, user_id, station_id)


def _charging(known: Battery, wanted: Battery) -> dict[str, None]:
    """What was seen of its charging says nothing once its state is another."""
    return {} if wanted.state is known.state else {"charge": None, "charged_at": None}


def _check_free(known: Battery, wanted: Battery) -> None:
    """A promised pack stays what it was promised as; its readings may change. Raises Conflict."""
    promised = ("state", "holder", "battery_type")
    if known.held_for and any(getattr(known, name) != getattr(wanted, name) for name in promised):
        raise Conflict(battery_id=known.id, held_for=known.held_for)


def card_of(pack: Battery) -> BatteryCard:
    """A pack as operators and staff see it."""
    shown = pack.model_dump(exclude={"id", "held_for", "custody_count", "custody_hash"})
    return BatteryCard(battery_id=pack.id, held=pack.is_held, **shown)


def _link(record: Custody) -> CustodyLink:
    return CustodyLink(
        number=record.number,
        giver=record.giver,
        taker=record.taker,
        actor=record.actor,
        proof=record.proof,
        at=record.at,
        previous_hash=record.previous_hash,
        hash=record.hash,
    )


def _in_slot(pack: Battery) -> SlotPack:
    return SlotPack(
        battery_id=pack.id,
        slot=pack.holder.slot,
        state=pack.state,
        soc=pack.soc,
        soh=pack.soh,
        temperature_c=pack.temperature_c,
        held=pack.is_held,
    )
