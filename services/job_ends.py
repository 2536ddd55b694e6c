"""The two ends of jobs: which packs a place can spare, and how many more it has room for."""

from __future__ import annotations

from services.entries import Entries
from services.errors import Conflict, NoBattery, NotFound, raise_
from services.job_figures import EndRef
from services.job_models import EndKind, JobEnd
from services.models import Battery, Holder, HolderKind
from services.ports import Snapshot, Transaction, Where
from services.states import OPEN_JOB, BatteryState
from services.world import World

HOLDERS = {EndKind.STATION: HolderKind.SLOT, EndKind.PARTNER: HolderKind.PARTNER}


class JobEnds:
    """Reads and changes stations and partners as ends. Each step is in its caller's transaction."""

    def __init__(self, world: World, entries: Entries) -> None:
        self._world = world
        self._entries = entries

    async def find(self, reads: Snapshot | Transaction, end: EndRef | JobEnd) -> JobEnd:
        """The end as it is now. Raises NotFound."""
        place = await (reads.stations if end.kind is EndKind.STATION else reads.partner_shops).get(end.id)
        if place is None:
            raise NotFound(kind=end.kind, id=end.id)
        return JobEnd(kind=end.kind, id=end.id, name=place.name, location=place.location)

    async def spare(self, tx: Transaction, end: JobEnd, battery_type: str, count: int) -> list[Battery]:
        """So many packs that nobody else counts on. Raises NoBattery.

        Of a station only charged ones: what charges there is what its riders will be promised next.
        """
        of_station = end.kind is EndKind.STATION
        free: Where = {
            "holder.kind": HOLDERS[end.kind],
            "holder.id": end.id,
            "state": BatteryState.CHARGED if of_station else (BatteryState.CHARGED, BatteryState.CHARGING),
            "held_for": None,
            "battery_type": battery_type,
        }
        packs = await tx.batteries.find(free, order=("-soc", "cycles", "id"))
        can_spare = await self._entries.spare(tx, end.id, battery_type) if of_station else len(packs)
        if count > can_spare:
            raise NoBattery(wanted=count, can_be_spared=can_spare)
        return packs[:count]

    async def require_room(self, tx: Transaction, end: JobEnd, count: int) -> None:
        """Raises Conflict when so many packs more do not fit, counting those already on their way."""
        coming = await tx.transport_jobs.find({"target.id": end.id, "state": OPEN_JOB})
        inbound = sum(len(job.loaded_ids or job.battery_ids) for job in coming if job.target.kind is end.kind)
        room = await self._capacity(tx, end) - await tx.batteries.count(_at(end)) - inbound
        if count > room:
            raise Conflict(reason="there is no room for so many batteries", room=max(0, room))

    async def _capacity(self, tx: Transaction, end: JobEnd) -> int:
        if end.kind is EndKind.STATION:
            return (await self._entries.station(tx, end.id)).slots
        partner = await tx.partner_shops.get(end.id) or raise_(NotFound(kind=end.kind, id=end.id))
        return partner.capacity

    async def holders(self, tx: Transaction, end: JobEnd, count: int) -> list[Holder]:
        """As many holders as packs arrive: free slots of a station, or the partner. Raises Conflict."""
        if end.kind is EndKind.PARTNER:
            return [Holder(kind=HolderKind.PARTNER, id=end.id)] * count
        station = await self._entries.station(tx, end.id)
        taken = {pack.holder.slot for pack in await tx.batteries.find(_at(end))}
        free = [slot for slot in range(1, station.slots + 1) if slot not in taken]
        if len(free) < count:
            raise Conflict(reason="there are not enough free slots", room=len(free))
        return [Holder(kind=HolderKind.SLOT, id=end.id, slot=slot) for slot in free[:count]]

    async def publish(self, tx: Transaction, *ends: JobEnd) -> None:
        """What is kept there has changed: its version grows, so that two jobs at once conflict."""
        for end in ends:
            if end.kind is EndKind.STATION:
                await self._entries.publish(tx, end.id)
            elif (partner := await tx.partner_shops.get(end.id)) is not None:
                await tx.partner_shops.replace(partner.changed())

    @staticmethod
    def is_at(pack: Battery, end: JobEnd) -> bool:
        return (pack.holder.kind, pack.holder.id) == (HOLDERS[end.kind], end.id)


def _at(end: JobEnd) -> Where:
    return {"holder.kind": HOLDERS[end.kind], "holder.id": end.id}


async def has_job_at(reads: Snapshot | Transaction, user_id: str, station_id: str) -> bool:
    """Is somebody on the way to a station, for packs or with them?"""
    mine = await reads.transport_jobs.find({"assignee_id": user_id, "state": OPEN_JOB})
    ends = [end for job in mine for end in (job.source, job.target)]
    return any(end.kind is EndKind.STATION and end.id == station_id for end in ends)
