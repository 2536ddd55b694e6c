"""Credits as double entry: every award is two lines that sum to zero; a balance is derived."""

from __future__ import annotations

from typing import Final

from services.models import Posting, PostingState
from services.ports import Snapshot, Transaction
from services.world import World

NETWORK: Final = "network"  # the account that every award is paid from


class CreditService:
    """Awards: pending at the start of the work, posted at its end, voided otherwise."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def pend(
        self, tx: Transaction, *, account: str, amount: int, rule: str, source: str, reason: str
    ) -> None:
        """Promise an award. Raises DuplicateKey for a second one of the same source and rule."""
        for owner, value in ((account, amount), (NETWORK, -amount)):
            await tx.credits.insert(
                Posting(
                    id=f"{source}:{rule}:{owner}",
                    account=owner,
                    amount=value,
                    rule=rule,
                    source=source,
                    state=PostingState.PENDING,
                    reason=reason,
                    at=self._world.clock(),
                )
            )

    async def settle(
        self, tx: Transaction, *, source: str, rule: str, state: PostingState, amount: int | None = None
    ) -> int:
        """Post or void a promised award; answers what its account gets now (0 when voided or absent).

        `amount`: what is posted of it, when less was done than was promised.
        """
        awarded = 0
        pending = {"source": source, "rule": rule, "state": PostingState.PENDING}
        for posting in await tx.credits.find(pending):
            value = posting.amount
            if amount is not None:
                value = -amount if posting.account == NETWORK else amount
            await tx.credits.replace(posting.changed(state=state, amount=value, at=self._world.clock()))
            awarded += value if posting.account != NETWORK else 0
        return awarded if state is PostingState.POSTED else 0

    async def balance(self, reads: Snapshot | Transaction, account: str) -> int:
        """The sum of what was posted to an account."""
        return await reads.credits.sum("amount", {"account": account, "state": PostingState.POSTED})
