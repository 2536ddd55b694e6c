"""The packs that are promised: to open entries, and to offers of a place.

A promise is a claim on what a station has and will have; the pack itself is chosen when the rider is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.board import Outlook, Stock
from services.claims import Charging, Claim, Shelf
from services.errors import NotFound, raise_
from services.events import BatteryMoved, BatteryRead
from services.figures import BatteryCounts
from services.models import Battery, Entry, HolderKind, PackPromise, battery_type_of
from services.pack_choice import choose
from services.ports import Scalar, Snapshot, Transaction, Where
from services.states import OPEN, BatteryState, EntryState, WaitingState
from services.timers import clear_timers, set_timer, timer
from services.waiting_models import Waiting
from services.world import World

CALL: Final = "queue.call"  # the timer's kind
LAST: Final = 2**53  # the order of an offer: an entry comes first
LATE: Final = "station.late-charge"
SHORT: Final = "queue.short"  # a promise cannot be kept any more
PRESENT: Final = (EntryState.ARRIVED, EntryState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Stand:
    """A station's packs and what is claimed of them, by battery type."""

    counts: Counter[Scalar]  # packs in slots by state
    shelves: Mapping[str, Shelf]
    claims: Mapping[str, list[Claim]]

    def of(self, battery_type: str) -> tuple[Shelf, list[Claim]]:
        return self.shelves.get(battery_type, Shelf()), self.claims.get(battery_type, [])

    def spare(self, battery_type: str, needed_by: datetime | None = None) -> int:
        """How many more can be promised for that time; below zero when promises cannot be kept."""
        shelf, claims = self.of(battery_type)
        return shelf.spare(claims, needed_by)

    def sellable(self, safety_stock: int) -> dict[str, int]:
        """What can be promised at once, by type, for every type of which there is a charged pack."""
        charged = [kind for kind, shelf in self.shelves.items() if shelf.charged]
        return {kind: max(0, self.spare(kind) - safety_stock) for kind in charged}

    def stock(self, *, safety_stock: int, held: int, ready_minutes: float | None) -> Stock:
        """As a board shows it; `held` promises in all, `ready_minutes` until a pack gets free."""
        counts = BatteryCounts(
            total=self.counts.total(),
            charged=self.counts[BatteryState.CHARGED],
            charging=self.counts[BatteryState.CHARGING],
            quarantined=self.counts[BatteryState.QUARANTINED],
            held=held,
        )
        return Stock(
            counts=counts,
            sellable=self.sellable(safety_stock),
            next_ready_minutes=ready_minutes,
            relies_on_charging=self.relies_on_charging,
        )

    def outlook(self) -> dict[str, Outlook]:
        """How each claim stands, by the id of who has it."""
        found: dict[str, Outlook] = {}
        for kind, claims in self.claims.items():
            shelf, _ = self.of(kind)
            kept = {claim.id for claim in shelf.kept(claims)}
            for id, minutes in shelf.outlook(claims).items():
                found[id] = (PackPromise.PROMISED if id in kept else PackPromise.SHORT, minutes)
        return found

    @property
    def relies_on_charging(self) -> bool:
        """Is a pack promised for later, so that progress and delay of charging matter?"""
        return any(claim.needed_by is not None for claims in self.claims.values() for claim in claims)

    def relied_on(self) -> datetime | None:
        """When the first charging pack that a promise relies on must be charged."""
        found = (shelf.relied_on(self.claims.get(kind, [])) for kind, shelf in self.shelves.items())
        return min((pack.at for pack in found if pack is not None), default=None)


class Promises:
    """Counts, binds and frees packs, each step inside its caller's transaction."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def stand(
        self,
        reads: Snapshot | Transaction,
        station_id: str,
        entries: Iterable[Entry] | None = None,
        turns: Iterable[Waiting] | None = None,
    ) -> Stand:
        """How a station stands; its open entries and the turns on its waitlist are read unless given."""
        if entries is None:
            entries = await reads.queues.find({"station_id": station_id, "state": OPEN}, order=("order",))
        if turns is None:
            where: Where = {"station_id": station_id, "state": WaitingState.OFFERED}
            turns = await reads.waitlist.find(where)
        claims = _by_type(entries, turns)
        counts: Counter[Scalar] = Counter()
        charged: Counter[str] = Counter()
        packs = await reads.batteries.tally(("state", "held_for", "battery_type"), _here(station_id))
        for (state, held_for, kind), count in packs.items():
            counts[state] += count
            if state == BatteryState.CHARGED and held_for is None:
                charged[str(kind)] += count
        stand = Stand(counts, {kind: Shelf(count) for kind, count in charged.items()}, claims)
        return await self._with_charging(reads, station_id, stand) if stand.relies_on_charging else stand

    async def _with_charging(self, reads: Snapshot | Transaction, station_id: str, stand: Stand) -> Stand:
        where: Where = {**_here(station_id), "state": BatteryState.CHARGING, "held_for": None}
        charging: dict[str, list[Charging]] = {}
        for pack in await reads.batteries.find(where):
            if (ready := ready_of(pack)) is not None:
                charging.setdefault(pack.battery_type, []).append(ready)
        kinds = sorted(stand.shelves.keys() | charging.keys())
        shelves = {
            kind: Shelf(stand.of(kind)[0].charged, tuple(sorted(charging.get(kind, [])))) for kind in kinds
        }
        return Stand(stand.counts, shelves, stand.claims)

    async def spare(
        self,
        reads: Snapshot | Transaction,
        station_id: str,
        battery_type: str,
        *,
        needed_by: datetime | None = None,
        entries: Iterable[Entry] | None = None,
        safety_stock_too: bool = False,
    ) -> int:
        """How many packs of a type can still be promised for a time (null: at once), the safety stock kept.

        Jobs' packs, quarantined ones and every claim are off; of those that charge, only what will be
        charged by then with 90 % certainty is counted.
        """
        stand = await self.stand(reads, station_id, entries)
        if needed_by is not None and not stand.relies_on_charging:
            stand = await self._with_charging(reads, station_id, stand)
        shelf, claims = stand.of(battery_type)
        count = shelf.after(self._world.clock()).spare(claims, needed_by)
        return max(0, count - (0 if safety_stock_too else self._world.rules.safety_stock))

    async def can_lose(self, tx: Transaction, pack: Battery) -> bool:
        """Are as many promises kept without this pack of the station's slots?"""
        stand = await self.stand(tx, pack.holder.id)
        shelf, claims = stand.of(pack.battery_type)
        ready = ready_of(pack)
        is_counted = pack.state is BatteryState.CHARGED or ready in shelf.charging
        if pack.held_for is not None or not is_counted:
            return True
        rest = shelf.without(None if pack.state is BatteryState.CHARGED else ready)
        return len(rest.kept(claims)) == len(shelf.kept(claims))

    async def bind(
        self,
        tx: Transaction,
        station_id: str,
        entries: list[Entry],
        turns: Sequence[Waiting],
        *,
        but: Entry | None = None,
    ) -> tuple[list[Entry], Stand]:
        """Choose packs for those who are there, in their order, as far as everybody else's promise allows."""
        bound, stand = list(entries), await self.stand(tx, station_id, entries, turns)
        for place, entry in enumerate(entries):
            if entry.state not in PRESENT or entry.battery_id is not None or entry is but:
                continue
            shelf, claims = stand.of(battery_type_of(entry.vehicle))
            if shelf.may_take(claims, claim_of(entry)):
                bound[place] = await self._bind(tx, entry)
                stand = await self.stand(tx, station_id, bound, turns)
        return bound, stand

    async def _bind(self, tx: Transaction, entry: Entry) -> Entry:
        free: Where = {
            **_here(entry.station_id),
            "state": BatteryState.CHARGED,
            "held_for": None,
            "battery_type": battery_type_of(entry.vehicle),
        }
        enough = max(self._world.rules.charged_soc, entry.battery_level or 0)
        pack, because = choose(await tx.batteries.find(free), enough_soc=enough)
        await self.hold(tx, pack, entry.id)
        bound = entry.changed(battery_id=pack.id)
        await tx.queues.replace(bound)
        await self._assign(tx, bound, because)
        return bound

    async def _assign(self, tx: Transaction, entry: Entry, because: tuple[str, ...]) -> None:
        swap = await tx.swaps.get(entry.swap_id) or raise_(NotFound(swap_id=entry.swap_id))
        await tx.swaps.replace(swap.changed(assigned_battery_id=entry.battery_id, assigned_because=because))

    async def watch(self, tx: Transaction, station_id: str, stand: Stand) -> None:
        """Look again when the first pack that a promise relies on must be charged."""
        due = stand.relied_on()
        if due is not None:
            await set_timer(tx, timer(LATE, station_id, due))

    async def give_up_late(self, tx: Transaction, station_id: str) -> None:
        """Of packs that should be charged by now nobody can say when they will; the next reading may."""
        where: Where = {**_here(station_id), "state": BatteryState.CHARGING}
        for pack in await tx.batteries.find(where):
            if pack.charge and pack.charge.ready_at and pack.charge.ready_at <= self._world.clock():
                late = pack.changed(charge=pack.charge.model_copy(update={"ready_at": None}))
                await tx.batteries.replace(late)
                tx.log(BatteryRead.of(late, **self._world.stamp(), station_id=station_id))

    async def unbind(self, tx: Transaction, entry: Entry) -> Entry:
        """The entry's pack has failed: its promise is a claim again, and a call to that pack is off."""
        freed = entry.changed(battery_id=None, pack=PackPromise.PROMISED, called_at=None, call_until=None)
        await tx.queues.replace(freed)
        await clear_timers(tx, entry.id, CALL)
        await self._assign(tx, freed, ())
        return freed

    async def hold(self, tx: Transaction, pack: Battery, held_for: str | None) -> Battery:
        """Keep a pack for an entry, or free it with none."""
        held = pack.changed(held_for=held_for, updated_at=self._world.clock())
        await tx.batteries.replace(held)
        self.log_pack(tx, held, pack.holder.id)
        return held

    async def free(self, tx: Transaction, held_for: str) -> None:
        """No pack is kept for that entry any more."""
        for pack in await tx.batteries.find({"held_for": held_for}):
            await self.hold(tx, pack, None)

    def log_pack(self, tx: Transaction, pack: Battery, station_id: str) -> None:
        tx.log(BatteryMoved.of(pack, **self._world.stamp(), station_id=station_id))


def _by_type(entries: Iterable[Entry], turns: Iterable[Waiting]) -> dict[str, list[Claim]]:
    """What is promised and not bound to a pack: to entries, and with places on offer."""
    found = [claim_of(entry) for entry in entries if entry.battery_id is None]
    found += [Claim(turn.id, turn.battery_type, None, LAST) for turn in turns if turn.is_offered]
    claims: dict[str, list[Claim]] = {}
    for claim in found:
        claims.setdefault(claim.battery_type, []).append(claim)
    return claims


def claim_of(entry: Entry) -> Claim:
    """The promise of an open entry, as one of a pack that it has not been given yet."""
    return Claim(entry.id, battery_type_of(entry.vehicle), entry.needed_by, entry.order)


def ready_of(pack: Battery) -> Charging | None:
    """When a pack that charges will be charged, if that can be said."""
    run = pack.charge
    if pack.state is not BatteryState.CHARGING or run is None or run.ready_at is None:
        return None
    return Charging(run.ready_at, run.ready_minutes)


def _here(station_id: str) -> dict[str, Scalar]:
    return {"holder.kind": HolderKind.SLOT, "holder.id": station_id}
