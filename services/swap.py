"""The exchange itself: packs change hands, credits are posted, the queue moves up; all or nothing."""

from __future__ import annotations

from typing import Final

from services.answers import CountedPage, SwapDone, SwapView
from services.base import Model
from services.credits import CreditService
from services.custody import CustodyService
from services.entries import SWAP_AWARD, Entries
from services.errors import NotActive, NotFound, WrongBattery, raise_
from services.events import CreditsAwarded, SwapCancelled, SwapCompleted
from services.fault_models import Severity
from services.faults import FaultService, Report
from services.models import (
    Battery,
    Entry,
    Holder,
    HolderKind,
    PackHealth,
    PostingState,
    Swap,
    battery_type_of,
)
from services.paging import page
from services.ports import Range, Transaction, Where
from services.quarantine import is_suspect
from services.states import (
    BATTERY_MOVES,
    ENTRY_MOVES,
    SWAP_MOVES,
    BatteryState,
    EntryState,
    SwapState,
    moved,
)
from services.world import World

TO_QUARANTINE: Final = (PackHealth.FAULTY, PackHealth.MAINTENANCE)


class Handover(Model):
    """What staff report of an exchange."""

    old_battery_id: str | None
    new_battery_id: str
    old_battery_health: PackHealth
    old_battery_soc: float | None = None
    notes: str | None = None


class SwapService:
    """Ends swaps that a scan has begun, and shows them."""

    def __init__(
        self,
        world: World,
        entries: Entries,
        credits: CreditService,
        custody: CustodyService,
        faults: FaultService,
    ) -> None:
        self._world = world
        self._faults = faults
        self._entries = entries
        self._credits = credits
        self._custody = custody

    async def get(self, swap_id: str) -> Swap:
        """Raises NotFound."""
        return await self._world.records.now.swaps.get(swap_id) or raise_(NotFound(swap_id=swap_id))

    async def complete(self, swap_id: str, handover: Handover, *, by: str) -> SwapDone:
        """Close a swap: batteries change hands, credits are posted, the queue moves up.

        Raises NotFound, NotActive unless the swap is active, WrongBattery unless the old pack is the
        rider's and the new one is free here, charged and of its type.
        """
        async with self._world.records.transaction() as tx:
            swap = await tx.swaps.get(swap_id) or raise_(NotFound(swap_id=swap_id))
            if swap.state is not SwapState.ACTIVE:
                raise NotActive(swap_id=swap_id, state=swap.state)
            entry = await tx.queues.get(swap.entry_id) or raise_(NotFound(swap_id=swap_id))
            old = await self._rider_pack(tx, entry, handover.old_battery_id)
            new = await self._new_pack(tx, entry, handover.new_battery_id, old)
            await self._exchange(tx, entry, old, new, handover, by)
            earned = await self._credits.settle(
                tx, source=swap.id, rule=SWAP_AWARD, state=PostingState.POSTED
            )
            done = SwapDone(swap_id=swap.id, credits_earned=earned, completed_at=self._world.clock())
            version = await self._close(tx, swap, entry, handover, done, by)
            await self._log_done(tx, swap, handover, done, version)
            await self._entries.publish(tx, swap.station_id)
        return done

    async def _rider_pack(self, tx: Transaction, entry: Entry, named: str | None) -> Battery | None:
        """The pack the rider brings; it must be the one that the records give them, or none if none."""
        held = await tx.batteries.first({"holder.kind": HolderKind.RIDER, "holder.id": entry.user_id})
        if named != (held.id if held else None):
            raise WrongBattery(old_battery_id=named)
        return held

    async def _new_pack(self, tx: Transaction, entry: Entry, id: str, old: Battery | None) -> Battery:
        """The pack handed out: the assigned one, or another that is as good and free here.

        Without an assigned one none is free: what is charged is promised to others.
        """
        pack = await tx.batteries.get(id) or raise_(WrongBattery(new_battery_id=id))
        wanted = battery_type_of(entry.vehicle)
        is_here = pack.holder.kind is HolderKind.SLOT and pack.holder.id == entry.station_id
        is_free = pack.held_for == entry.id or (pack.held_for is None and entry.battery_id is not None)
        if not (is_here and is_free and pack.state is BatteryState.CHARGED and pack.battery_type == wanted):
            raise WrongBattery(new_battery_id=id)
        return pack

    async def _exchange(
        self,
        tx: Transaction,
        entry: Entry,
        old: Battery | None,
        new: Battery,
        handover: Handover,
        by: str,
    ) -> None:
        """The new pack goes to the rider, the old one into the slot that this frees."""
        now = self._world.clock()
        slot = new.holder
        given = new.changed(
            state=moved(BATTERY_MOVES, new.state, BatteryState.IN_USE),
            holder=Holder(kind=HolderKind.RIDER, id=entry.user_id),
            held_for=None,
            updated_at=now,
        )
        given = await self._custody.hand_over(tx, new, given, by=by, proof=f"swap:{entry.swap_id}")
        self._entries.log_pack(tx, given, entry.station_id)
        await self._entries.free_pack(tx, entry)  # the assigned one, when another was handed out
        if old is not None:
            await self._take_back(tx, old, slot, entry, handover, by)

    async def _take_back(
        self, tx: Transaction, old: Battery, slot: Holder, entry: Entry, handover: Handover, by: str
    ) -> None:
        soc = old.soc if handover.old_battery_soc is None else handover.old_battery_soc
        state = self._state_of(handover.old_battery_health, soc)
        if await is_suspect(tx, old.id):  # somebody has reported it while the rider had it
            state = BatteryState.QUARANTINED
        taken = old.changed(
            state=moved(BATTERY_MOVES, old.state, state),
            holder=slot,
            soc=soc,
            cycles=old.cycles + 1,
            updated_at=self._world.clock(),
        )
        taken = await self._custody.hand_over(tx, old, taken, by=by, proof=f"swap:{entry.swap_id}")
        self._entries.log_pack(tx, taken, entry.station_id)
        if handover.old_battery_health is PackHealth.FAULTY:
            await self._faults.take(tx, _faulty(taken, entry, handover.notes), by=by)

    def _state_of(self, health: PackHealth, soc: float) -> BatteryState:
        if health in TO_QUARANTINE:
            return BatteryState.QUARANTINED
        return BatteryState.CHARGED if soc >= self._world.rules.charged_soc else BatteryState.CHARGING

    async def _close(
        self, tx: Transaction, swap: Swap, entry: Entry, handover: Handover, done: SwapDone, by: str
    ) -> int:
        """End the swap and its entry; answers the swap's new version."""
        closed = swap.changed(
            **dict(handover),
            state=moved(SWAP_MOVES, swap.state, SwapState.COMPLETED),
            staff_id=by,
            credits_earned=done.credits_earned,
            completed_at=done.completed_at,
        )
        await tx.swaps.replace(closed)
        ended = entry.changed(
            state=moved(ENTRY_MOVES, entry.state, EntryState.COMPLETED),
            ended_at=done.completed_at,
            end_reason="swapped",
        )
        await tx.queues.replace(ended)
        tx.log(self._entries.queue_ended(ended))
        return closed.version

    async def _log_done(
        self, tx: Transaction, swap: Swap, handover: Handover, done: SwapDone, version: int
    ) -> None:
        tx.log(
            SwapCompleted(
                **self._world.stamp(),
                version=version,
                station_id=swap.station_id,
                user_id=swap.user_id,
                entry_id=swap.entry_id,
                swap_id=swap.id,
                old_battery_id=handover.old_battery_id,
                new_battery_id=handover.new_battery_id,
                old_battery_health=handover.old_battery_health,
                credits_earned=done.credits_earned,
                completed_at=done.completed_at,
            ),
            CreditsAwarded(
                **self._world.stamp(),
                version=version,
                station_id=swap.station_id,
                user_id=swap.user_id,
                amount=done.credits_earned,
                reason="battery swap",
                source=swap.id,
                balance=await self._credits.balance(tx, swap.user_id),
            ),
        )

    async def cancel(self, swap_id: str, reason: str) -> SwapView:
        """The way out of a jam: the entry ends, packs stay where they are, credits are voided.

        Raises NotFound, NotActive once the swap has ended.
        """
        async with self._world.records.transaction() as tx:
            swap = await tx.swaps.get(swap_id) or raise_(NotFound(swap_id=swap_id))
            if swap.state not in (SwapState.PENDING, SwapState.ACTIVE):
                raise NotActive(swap_id=swap_id, state=swap.state)
            entry = await tx.queues.get(swap.entry_id) or raise_(NotFound(swap_id=swap_id))
            await self._entries.end(tx, entry, EntryState.CANCELLED, reason)
            cancelled = await tx.swaps.get(swap_id) or raise_(NotFound(swap_id=swap_id))
            tx.log(
                SwapCancelled(
                    **self._world.stamp(),
                    version=cancelled.version,
                    station_id=swap.station_id,
                    user_id=swap.user_id,
                    entry_id=swap.entry_id,
                    swap_id=swap_id,
                    reason=reason,
                )
            )
            await self._entries.publish(tx, swap.station_id)
        return view(cancelled)

    async def history(self, user_id: str, *, limit: int, cursor: str | None) -> CountedPage[SwapView]:
        """A rider's swaps, newest first."""
        swaps = self._world.records.now.swaps
        found = await page(swaps, {"user_id": user_id}, limit=limit, cursor=cursor)
        return CountedPage(
            items=[view(swap) for swap in found.items],
            next_cursor=found.next_cursor,
            total=await swaps.count({"user_id": user_id}),
        )


async def completed_today(world: World) -> int:
    """Swaps completed since midnight UTC."""
    midnight = world.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    done: Where = {"state": SwapState.COMPLETED, "completed_at": Range(gte=midnight)}
    return await world.records.now.swaps.count(done)


def view(swap: Swap) -> SwapView:
    """A swap without what is the station's own business."""
    return SwapView(swap_id=swap.id, **swap.model_dump(exclude={"id", "staff_id"}))


def _faulty(pack: Battery, entry: Entry, notes: str | None) -> Report:
    """A pack that staff found faulty is a person's work at once."""
    return Report(
        station_id=entry.station_id,
        kind="battery_fault",
        severity=Severity.HIGH,
        battery_id=pack.id,
        description=notes,
        needs_person=True,
        swap_id=entry.swap_id,
    )
