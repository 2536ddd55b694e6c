"""The packs of a job: reserved for it, in its van, handed over, or free again."""

from __future__ import annotations

from collections.abc import Iterable

from services.custody import CustodyService
from services.entries import Entries
from services.job_events import BatteryCarried
from services.job_models import EndKind, Job, JobEnd
from services.models import Battery, Holder, HolderKind
from services.pack_signs import expect_back
from services.ports import Transaction
from services.states import BATTERY_MOVES, BatteryState, moved
from services.world import World


class Cargo:
    """Steps on packs, each inside its caller's transaction; `end` is where it happens, and who hears it."""

    def __init__(self, world: World, entries: Entries, custody: CustodyService) -> None:
        self._world = world
        self._entries = entries
        self._custody = custody

    async def of(self, tx: Transaction, job: Job) -> list[Battery]:
        """The packs that are the job's: reserved for it, or in its van."""
        return await tx.batteries.find({"held_for": job.id})

    async def reserve(self, tx: Transaction, job: Job, packs: Iterable[Battery]) -> None:
        for pack in packs:
            await self._hold(tx, job, job.source, pack, job.id)

    async def free(self, tx: Transaction, job: Job, end: JobEnd, packs: Iterable[Battery]) -> None:
        """The job has no claim on these any more; they stay with whom they are."""
        for pack in packs:
            await self._hold(tx, job, end, pack, None)
            await expect_back(tx, pack, self._world.clock())

    async def _hold(
        self, tx: Transaction, job: Job, end: JobEnd, pack: Battery, held_for: str | None
    ) -> None:
        held = pack.changed(held_for=held_for, updated_at=self._world.clock())
        await tx.batteries.replace(held)
        self._tell(tx, job, end, held)

    async def load(self, tx: Transaction, job: Job, pack: Battery) -> None:
        """Out of its slot or the partner's store, into the van of the job's transporter."""
        state = moved(BATTERY_MOVES, pack.state, BatteryState.IN_TRANSIT)
        van = Holder(kind=HolderKind.VAN, id=job.assignee_id or "")
        after = pack.changed(state=state, holder=van, updated_at=self._world.clock())
        await self._hand_over(tx, job, job.source, pack, after)

    async def unload(self, tx: Transaction, job: Job, pack: Battery, holder: Holder) -> None:
        """Out of the van, to its new holder; one that was reported faulty on the way stays in quarantine."""
        state = pack.state
        if state is not BatteryState.QUARANTINED:
            is_charged = pack.soc >= self._world.rules.charged_soc
            there = BatteryState.CHARGED if is_charged else BatteryState.CHARGING
            state = moved(BATTERY_MOVES, state, there)
        after = pack.changed(state=state, holder=holder, held_for=None, updated_at=self._world.clock())
        await self._hand_over(tx, job, job.target, pack, after)

    async def _hand_over(
        self, tx: Transaction, job: Job, end: JobEnd, before: Battery, after: Battery
    ) -> None:
        by = job.assignee_id or ""
        stored = await self._custody.hand_over(tx, before, after, by=by, proof=f"job:{job.id}")
        self._tell(tx, job, end, stored)

    def _tell(self, tx: Transaction, job: Job, end: JobEnd, pack: Battery) -> None:
        if end.kind is EndKind.STATION:
            self._entries.log_pack(tx, pack, end.id)
        else:
            tx.log(BatteryCarried.of(job, pack, self._world.stamp()))
