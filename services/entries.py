"""What every way into and out of a queue shares: the place as an answer, the promise, the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.answers import QueuePlace, StationCard
from services.boards import Boards
from services.credits import CreditService
from services.errors import NotFound, raise_
from services.events import QueueEnded, QueueLeft, QueueNoShow
from services.models import Battery, Entry, PostingState, QrToken, Station
from services.ports import Snapshot, Transaction
from services.promises import CALL, SHORT, Promises
from services.states import ENTRY_MOVES, OPEN, SWAP_MOVES, EntryState, SwapState, moved
from services.timers import clear_timers, timer
from services.tokens import QrClaims, SignedToken, token_id
from services.upkeep_models import Timer
from services.world import World

ASK_BEFORE: Final = timedelta(minutes=5)
"""How long before `hold_until` a rider who is not near is asked whether they still come."""

SWAP_AWARD: Final = "swap_award"  # the rule that pays a rider for a swap
TIMERS: Final = ("queue.hold", CALL, SHORT)


class Entries:
    """Steps on one entry, each inside its caller's transaction."""

    def __init__(self, world: World, boards: Boards, credits: CreditService) -> None:
        self._world = world
        self._boards = boards
        self._credits = credits
        self._promises = Promises(world)

    async def open_of(self, tx: Transaction, user_id: str) -> Entry:
        """The user's one open entry. Raises NotFound."""
        entry = await tx.queues.first({"user_id": user_id, "state": OPEN})
        return entry or raise_(NotFound(user_id=user_id))

    def place(self, entry: Entry, station: Station, signed: SignedToken | None = None) -> QueuePlace:
        """The entry as its rider is answered, with its token signed from the stored nonce and time."""
        return QueuePlace(
            entry_id=entry.id,
            swap_id=entry.swap_id,
            station_id=entry.station_id,
            state=entry.state,
            position=entry.position,
            estimated_wait_minutes=entry.told_wait,
            pack=entry.pack,
            needed_by=entry.needed_by,
            hold_until=entry.hold_until,
            answer_by=entry.answer_by,
            qr_token=signed or self.signed(entry),
            qr_expires_at=self._world.rules.qr_expires_at(entry.qr_issued_at, walk_in=entry.walk_in),
            station=StationCard(id=station.id, name=station.name, location=station.location),
            version=entry.version,
        )

    def signed(self, entry: Entry) -> SignedToken:
        """The token of the entry's nonce."""
        claims = QrClaims(
            entry_id=entry.id,
            user_id=entry.user_id,
            station_id=entry.station_id,
            nonce=entry.qr_nonce,
            issued_at=entry.qr_issued_at,
        )
        return SignedToken(claims=claims, token=self._world.signer.sign(claims))

    async def issue_token(self, tx: Transaction, entry: Entry) -> SignedToken:
        """Sign the token of the entry's nonce, and record it by its hash."""
        signed = self.signed(entry)
        await tx.qr_tokens.insert(
            QrToken(
                id=token_id(signed.token),
                entry_id=entry.id,
                user_id=entry.user_id,
                station_id=entry.station_id,
                issued_at=entry.qr_issued_at,
                expires_at=self._world.rules.qr_expires_at(entry.qr_issued_at, walk_in=entry.walk_in),
            )
        )
        return signed

    async def kill_tokens(self, tx: Transaction, entry: Entry) -> None:
        """No token of the entry that is unused may be used any more."""
        for token in await tx.qr_tokens.find({"entry_id": entry.id, "used_at": None, "replaced_at": None}):
            await tx.qr_tokens.replace(token.changed(replaced_at=self._world.clock()))

    async def spare(
        self,
        tx: Transaction,
        station_id: str,
        battery_type: str,
        *,
        needed_by: datetime | None = None,
        entries: Sequence[Entry] | None = None,
        safety_stock_too: bool = False,
    ) -> int:
        """How many packs can still be promised there for a time; see `Promises.spare`."""
        return await self._promises.spare(
            tx,
            station_id,
            battery_type,
            needed_by=needed_by,
            entries=entries,
            safety_stock_too=safety_stock_too,
        )

    async def can_lose(self, tx: Transaction, pack: Battery) -> bool:
        """Are as many promises kept without this pack?"""
        return await self._promises.can_lose(tx, pack)

    async def unbind(self, tx: Transaction, entry: Entry) -> Entry:
        """The pack of an entry has failed; the caller publishes the station, which finds another."""
        freed = await self._promises.unbind(tx, entry)
        tx.log(self._boards.queue_updated(freed))
        return freed

    def log_pack(self, tx: Transaction, pack: Battery, station_id: str) -> None:
        self._promises.log_pack(tx, pack, station_id)

    def hold_timer(self, entry: Entry) -> Timer:
        """What is due next of a hold: an answer, the question before its end, or its end."""
        return timer("queue.hold", entry.id, entry.answer_by or _end_or_question(entry))

    async def end(self, tx: Transaction, entry: Entry, state: EntryState, reason: str | None) -> Entry:
        """End an entry without a swap: place, pack, token, timers and promised credits are all freed.

        Raises Conflict when the table does not allow it. The caller publishes the station.
        """
        now = self._world.clock()
        ended = entry.changed(
            state=moved(ENTRY_MOVES, entry.state, state), ended_at=now, end_reason=reason, position=None
        )
        await tx.queues.replace(ended)
        await self.free_pack(tx, entry)
        await self._cancel_swap(tx, entry, reason, now)
        await self.kill_tokens(tx, entry)
        await clear_timers(tx, entry.id, *TIMERS)
        await self._credits.settle(tx, source=entry.swap_id, rule=SWAP_AWARD, state=PostingState.VOIDED)
        self._log_end(tx, ended)
        return ended

    async def free_pack(self, tx: Transaction, entry: Entry) -> None:
        await self._promises.free(tx, entry.id)

    async def _cancel_swap(self, tx: Transaction, entry: Entry, reason: str | None, now: datetime) -> None:
        swap = await tx.swaps.get(entry.swap_id) or raise_(NotFound(swap_id=entry.swap_id))
        state = moved(SWAP_MOVES, swap.state, SwapState.CANCELLED)
        await tx.swaps.replace(swap.changed(state=state, cancelled_at=now, cancel_reason=reason))

    def _log_end(self, tx: Transaction, entry: Entry) -> None:
        left = QueueNoShow if entry.state is EntryState.NO_SHOW else QueueLeft
        tx.log(
            left(
                **self._world.stamp(),
                version=entry.version,
                station_id=entry.station_id,
                entry_id=entry.id,
                user_id=entry.user_id,
                state=entry.state,
                reason=entry.end_reason,
            ),
            self.queue_ended(entry),
        )

    def queue_ended(self, entry: Entry) -> QueueEnded:
        return QueueEnded(
            **self._world.stamp(),
            version=entry.version,
            station_id=entry.station_id,
            user_id=entry.user_id,
            entry_id=entry.id,
            state=entry.state,
            reason=entry.end_reason,
        )

    async def station(self, tx: Snapshot | Transaction, station_id: str) -> Station:
        """Raises NotFound."""
        return await tx.stations.get(station_id) or raise_(NotFound(station_id=station_id))

    async def on_late_charge(self, tx: Transaction, station_id: str) -> None:
        """Timer: a pack that a promise relies on should be charged by now."""
        await self._promises.give_up_late(tx, station_id)
        await self.publish(tx, station_id)

    async def publish(self, tx: Transaction, station_id: str) -> None:
        """Publish a station of which only its parts have changed."""
        await self._boards.publish(tx, await self.station(tx, station_id))


def _end_or_question(entry: Entry) -> datetime:
    question_at = entry.hold_until - ASK_BEFORE
    was_asked = entry.asked_at is not None and entry.asked_at >= question_at
    return entry.hold_until if was_asked else question_at
