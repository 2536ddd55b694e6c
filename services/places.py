"""Holders that exist and have room: where an operator says that a pack is."""

from __future__ import annotations

from collections.abc import Collection

from services.errors import Conflict, NotFound, raise_
from services.forms import NAMELESS, HolderForm
from services.models import Battery, Holder, HolderKind, Role, Station
from services.ports import Transaction


class Places:
    """Checks a holder, and changes it with the pack, so that two packs cannot take the last room at once."""

    async def find(self, tx: Transaction, form: HolderForm, known: Battery | None) -> Holder:
        """The holder that is meant. Raises NotFound, Conflict without room."""
        id = form.id or form.kind.value
        if form.kind in NAMELESS:
            return Holder(kind=form.kind, id=id)
        stays = known.holder if known is not None and _is_with(known.holder, form.kind, id) else None
        if stays is not None and form.slot in (None, stays.slot):
            return stays
        if form.kind is HolderKind.SLOT:
            return await self._slot(tx, id, form.slot)
        await self._check_room(tx, form.kind, id)
        return Holder(kind=form.kind, id=id)

    async def _slot(self, tx: Transaction, station_id: str, slot: int | None) -> Holder:
        station = await tx.stations.get(station_id) or raise_(NotFound(station_id=station_id))
        here = {"holder.kind": HolderKind.SLOT, "holder.id": station_id}
        taken = {pack.holder.slot: pack.id for pack in await tx.batteries.find(here)}
        if slot is None:
            slot = _first_free(station, taken.keys())
        if slot > station.slots:
            raise Conflict(station_id=station_id, slot=slot, slots=station.slots)
        if slot in taken:
            raise Conflict(station_id=station_id, slot=slot, battery_id=taken[slot])
        return Holder(kind=HolderKind.SLOT, id=station_id, slot=slot)

    async def _check_room(self, tx: Transaction, kind: HolderKind, id: str) -> None:
        if kind is HolderKind.PARTNER:
            partner = await tx.partner_shops.get(id) or raise_(NotFound(partner_id=id))
            if await tx.batteries.count({"holder.kind": kind, "holder.id": id}) >= partner.capacity:
                raise Conflict(partner_id=id, capacity=partner.capacity)
            return
        wanted = Role.CONSUMER if kind is HolderKind.RIDER else Role.TRANSPORTER
        user = await tx.users.get(id)
        if user is None or user.role is not wanted:
            raise NotFound(user_id=id)
        if kind is HolderKind.RIDER:
            other = await tx.batteries.first({"holder.kind": kind, "holder.id": id})
            if other is not None:
                raise Conflict(user_id=id, battery_id=other.id)

    async def touch(self, tx: Transaction, holder: Holder) -> None:
        """The holder's next version; a station's is written when it is published."""
        if holder.kind is HolderKind.PARTNER:
            partner = await tx.partner_shops.get(holder.id) or raise_(NotFound(partner_id=holder.id))
            await tx.partner_shops.replace(partner.changed())
        elif holder.kind in (HolderKind.RIDER, HolderKind.VAN):
            user = await tx.users.get(holder.id) or raise_(NotFound(user_id=holder.id))
            await tx.users.replace(user.changed())


def _is_with(holder: Holder, kind: HolderKind, id: str) -> bool:
    return holder.kind is kind and holder.id == id


def _first_free(station: Station, taken: Collection[int | None]) -> int:
    """Raises Conflict when every slot has a pack."""
    free = (slot for slot in range(1, station.slots + 1) if slot not in taken)
    return next(free, None) or raise_(Conflict(station_id=station.id, slots=station.slots))
