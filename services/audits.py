"""What must be true of the records, whatever wrote them: chains that hold, postings that sum to zero.

An audit is shown documents one by one, so that it needs no store; then it names every fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from services.custody import FIRST, hash_of
from services.invariants import NetworkAudit
from services.job_models import Job
from services.models import Battery, Custody, Holder, HolderKind, Posting, PostingState, Swap
from services.ports import Snapshot
from services.states import JobState, SwapState


class Audit(Protocol):
    """Shown documents one by one; then it names every fault."""

    @property
    def showers(self) -> dict[str, Callable[[Any], None]]:
        """By collection, in the order in which they are to be shown: what to call with each document."""
        ...

    @property
    def seen(self) -> str:
        """What it was shown, in words."""
        ...

    def close(self) -> list[str]:
        """Every fault, once everything was shown."""
        ...


_SWAP_STATES: Final = {
    SwapState.PENDING: None,  # an award is promised with the scan
    SwapState.ACTIVE: PostingState.PENDING,
    SwapState.COMPLETED: PostingState.POSTED,
    SwapState.CANCELLED: PostingState.VOIDED,
}
_ALONE: Final = (HolderKind.SLOT, HolderKind.RIDER)  # who has one pack at most


class CustodyAudit:
    """Shown every record of every chain, in the order of their ids, then every pack, swap and job."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.records = self.packs = 0
        self._ends: dict[str, Custody] = {}
        self._held: dict[tuple[HolderKind, str, int | None], str] = {}
        self._proofs: Counter[str] = Counter()
        self._given: Counter[tuple[HolderKind, str]] = Counter()
        self._lost: Counter[tuple[HolderKind, str]] = Counter()

    @property
    def showers(self) -> dict[str, Callable[[Any], None]]:
        return {
            "custody": self.record,
            "batteries": self.pack,
            "swaps": self.swap,
            "transport_jobs": self.job,
        }

    @property
    def seen(self) -> str:
        return f"{self.packs:,} packs with {self.records:,} custody records"

    def record(self, record: Custody) -> None:
        self.records += 1
        self._count(record)
        before = self._ends.get(record.battery_id)
        where = f"battery {record.battery_id}, link {record.number}"
        if record.number != (before.number if before else 0) + 1:
            self.faults.append(f"{where}: a link before it is missing")
        if hash_of(record) != record.hash:
            self.faults.append(f"{where}: it was changed")
        if record.previous_hash != (before.hash if before else FIRST):
            self.faults.append(f"{where}: the link before it was changed or is missing")
        elif before is not None and record.giver != before.taker:
            self.faults.append(f"{where}: given by who did not have it")
        self._ends[record.battery_id] = record

    def _count(self, record: Custody) -> None:
        self._proofs[record.proof] += 1
        self._given[record.taker.kind, record.taker.id] += 1
        if record.taker.kind is HolderKind.LOST and record.giver is not None:
            self._lost[record.giver.kind, record.giver.id] += 1

    def pack(self, pack: Battery) -> None:
        self.packs += 1
        end = self._ends.pop(pack.id, None)
        known = (pack.custody_count, pack.custody_hash)
        if known != ((end.number, end.hash) if end else (0, FIRST)):
            self.faults.append(f"battery {pack.id}: its chain has not the end that the pack knows")
        elif end is not None and end.taker != pack.holder:
            self.faults.append(f"battery {pack.id}: its holder is not who the chain says")
        self._one_each(pack, pack.holder)

    def _one_each(self, pack: Battery, holder: Holder) -> None:
        if holder.kind in _ALONE:
            other = self._held.setdefault((holder.kind, holder.id, holder.slot), pack.id)
            if other != pack.id:
                self.faults.append(f"battery {pack.id}: {holder.kind} {holder.id} has {other}, too")

    def swap(self, swap: Swap) -> None:
        """One that is done has moved its packs, one that is not has moved none."""
        moved = 1 + (swap.old_battery_id is not None) if swap.state is SwapState.COMPLETED else 0
        self._moved(f"swap:{swap.id}", moved)

    def job(self, job: Job) -> None:
        self._moved(f"job:{job.id}", len(job.loaded_ids) + len(job.delivered_ids))

    def _moved(self, proof: str, expected: int) -> None:
        if (moved := self._proofs[proof]) != expected:
            self.faults.append(f"{proof}: has moved {moved} packs, should be {expected}")

    def losses(self) -> list[str]:
        """Who had packs that were written off, the most first, and the share of what they were given."""
        return [
            f"{kind} {id}: {lost} of {max(lost, self._given[kind, id])} packs lost,"
            f" {lost / max(lost, self._given[kind, id]):.1%}"
            for (kind, id), lost in self._lost.most_common()
        ]

    def close(self) -> list[str]:
        return [*self.faults, *(f"battery {id}: there is a chain, and no pack" for id in sorted(self._ends))]


@dataclass(slots=True)
class _Award:
    """The lines of one source and rule."""

    total: int = 0
    lines: int = 0
    paid: int = 0  # to other accounts than the network's
    states: set[PostingState] = field(default_factory=set)


class CreditsAudit:
    """Shown every posting, then every swap and every job."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.postings = 0
        self.balances: Counter[str] = Counter()
        self._awards: dict[str, dict[str, _Award]] = {}

    @property
    def showers(self) -> dict[str, Callable[[Any], None]]:
        return {"credits": self.posting, "swaps": self.swap, "transport_jobs": self.job}

    @property
    def seen(self) -> str:
        return f"{self.postings:,} postings of {len(self.balances):,} accounts"

    def posting(self, posting: Posting) -> None:
        self.postings += 1
        award = self._awards.setdefault(posting.source, {}).setdefault(posting.rule, _Award())
        award.total += posting.amount
        award.lines += 1
        award.paid += max(0, posting.amount)
        award.states.add(posting.state)
        if posting.state is PostingState.POSTED:
            self.balances[posting.account] += posting.amount

    def swap(self, swap: Swap) -> None:
        earned = swap.credits_earned if swap.state is SwapState.COMPLETED else None
        self._source(f"swap {swap.id}", swap.id, _SWAP_STATES[swap.state], earned)

    def job(self, job: Job) -> None:
        delivered = job.state is JobState.DELIVERED
        self._source(
            f"job {job.id}",
            job.id,
            PostingState.POSTED if delivered else None,
            job.credits_earned if delivered else None,
        )

    def _source(self, what: str, id: str, state: PostingState | None, earned: int | None) -> None:
        """Its awards are in the state that follows from its own, and are what it says was earned."""
        awards = self._awards.pop(id, {})
        for rule, award in awards.items():
            self._award(f"{what}, {rule}", award)
            if state is not None and award.states != {state}:
                self.faults.append(f"{what}, {rule}: is {_names(award.states)}, should be {state}")
            if state is None and PostingState.POSTED in award.states:
                self.faults.append(f"{what}, {rule}: paid, though it is not done")
        if earned is not None and earned != sum(award.paid for award in awards.values()):
            self.faults.append(f"{what}: says it earned {earned}")

    def _award(self, what: str, award: _Award) -> None:
        if award.total:
            self.faults.append(f"{what}: its lines sum to {award.total}, not to zero")
        if award.lines < 2 or len(award.states) > 1:
            self.faults.append(f"{what}: {award.lines} lines, {_names(award.states)}")

    def close(self) -> list[str]:
        for source, awards in sorted(self._awards.items()):
            for rule, award in awards.items():
                self.faults.append(f"{source}, {rule}: there is no such swap or job")
                self._award(f"{source}, {rule}", award)
        if total := sum(self.balances.values()):
            self.faults.append(f"the balances sum to {total}, not to zero")
        return self.faults


def _names(states: set[PostingState]) -> str:
    return " and ".join(sorted(states))


AUDITS: Final[dict[str, Callable[[], Audit]]] = {
    "custody": CustodyAudit,
    "credits": CreditsAudit,
    "network": NetworkAudit,
}
"""Every audit by the name that `navswap audit` knows it by."""


async def faults_in(reads: Snapshot, *names: str) -> list[str]:
    """What these audits, or all of them, find in a store that is small enough to be read whole."""
    return [fault for name in names or AUDITS for fault in await _faults(reads, AUDITS[name]())]


async def _faults(reads: Snapshot, audit: Audit) -> list[str]:
    for collection, show in audit.showers.items():
        for document in await getattr(reads, collection).find({}):
            show(document)
    return audit.close()
