"""The scan: one token, one winner."""

from __future__ import annotations

from services.answers import AssignedBattery, RiderCard, VerifiedSwap
from services.credits import CreditService
from services.entries import SWAP_AWARD, TIMERS, Entries
from services.errors import (
    NotFound,
    TokenExpired,
    TokenInvalid,
    TokenUsed,
    WrongStation,
    raise_,
)
from services.events import QrScanned, SwapStarted
from services.models import Battery, Entry, HolderKind, QrToken
from services.ports import Transaction
from services.states import ENTRY_MOVES, SWAP_MOVES, EntryState, SwapState, moved
from services.timers import clear_timers
from services.tokens import QrClaims, token_id
from services.world import World


class QrService:
    """Verifies tokens. The first scan wins by a compare-and-set in the store."""

    def __init__(self, world: World, entries: Entries, credits: CreditService) -> None:
        self._world = world
        self._entries = entries
        self._credits = credits

    def read(self, token: str) -> QrClaims:
        """What a token says, used or not. Raises TokenInvalid."""
        return self._world.signer.read(token)

    async def verify(self, token: str, *, station_id: str, by: str) -> VerifiedSwap:
        """Begin the swap that a token stands for, whatever the rider's position.

        Raises TokenInvalid (forged, replaced, or of an entry that has ended), WrongStation,
        TokenUsed, TokenExpired.
        """
        claims = self._world.signer.read(token)
        if claims.station_id != station_id:
            raise WrongStation(station_id=station_id)
        async with self._world.records.transaction() as tx:
            await self._use(tx, token_id(token), by)
            entry = await tx.queues.get(claims.entry_id) or raise_(TokenInvalid())
            if not entry.is_waiting:
                raise TokenInvalid
            await self._start(tx, entry, by)
            await self._entries.publish(tx, station_id)  # finds the pack, if the rider has none yet
            started = await tx.queues.get(entry.id) or raise_(NotFound(entry_id=entry.id))
            old, new = await self._packs(tx, started)
            self._log(tx, started, old, by)
            assigned = await self._assigned(tx, started, new)
        return VerifiedSwap(
            swap_id=started.swap_id,
            entry_id=started.id,
            user=RiderCard(id=started.user_id, name=started.user_name, vehicle=started.vehicle),
            old_battery_id=old.id if old else None,
            assigned_battery=assigned,
            position=entry.position,
        )

    async def _use(self, tx: Transaction, id: str, by: str) -> QrToken:
        """The compare-and-set: of all scans of a token, one stores its next version."""
        token = await tx.qr_tokens.get(id) or raise_(TokenInvalid())
        now = self._world.clock()
        if token.replaced_at is not None:
            raise TokenInvalid
        if token.used_at is not None:
            raise TokenUsed
        if now >= token.expires_at:
            raise TokenExpired
        used = token.changed(used_at=now, used_by=by)
        await tx.qr_tokens.replace(used)
        return used

    async def _start(self, tx: Transaction, entry: Entry, by: str) -> None:
        now = self._world.clock()
        active = entry.changed(
            state=moved(ENTRY_MOVES, entry.state, EntryState.ACTIVE),
            started_at=now,
            arrived_at=entry.arrived_at or now,  # the scan is the proof of presence
        )
        await tx.queues.replace(active)
        swap = await tx.swaps.get(entry.swap_id) or raise_(NotFound(swap_id=entry.swap_id))
        state = moved(SWAP_MOVES, swap.state, SwapState.ACTIVE)
        await tx.swaps.replace(swap.changed(state=state, started_at=now, staff_id=by))
        await clear_timers(tx, entry.id, *TIMERS)
        await self._credits.pend(
            tx,
            account=entry.user_id,
            amount=self._world.rules.swap_credits,
            rule=SWAP_AWARD,
            source=entry.swap_id,
            reason="battery swap",
        )

    async def _packs(self, tx: Transaction, entry: Entry) -> tuple[Battery | None, Battery | None]:
        old = await tx.batteries.first({"holder.kind": HolderKind.RIDER, "holder.id": entry.user_id})
        new = await tx.batteries.get(entry.battery_id) if entry.battery_id else None
        return old, new

    async def _assigned(self, tx: Transaction, entry: Entry, new: Battery | None) -> AssignedBattery | None:
        """What to hand out, and why; null while nothing is charged, then `queue:updated` will tell."""
        if new is None:
            return None
        swap = await tx.swaps.get(entry.swap_id) or raise_(NotFound(swap_id=entry.swap_id))
        return AssignedBattery(
            id=new.id, soc=new.soc, slot=new.holder.slot, reasons=list(swap.assigned_because)
        )

    def _log(self, tx: Transaction, entry: Entry, old: Battery | None, by: str) -> None:
        common = {"station_id": entry.station_id, "entry_id": entry.id, "swap_id": entry.swap_id}
        tx.log(
            QrScanned(
                **self._world.stamp(),
                **common,
                version=entry.version,
                user_id=entry.user_id,
                user_name=entry.user_name,
                vehicle=entry.vehicle,
                old_battery_id=old.id if old else None,
                battery_id=entry.battery_id,
            ),
            SwapStarted(
                **self._world.stamp(),
                **common,
                version=entry.version,
                user_id=entry.user_id,
                staff_id=by,
                battery_id=entry.battery_id,
            ),
        )
