"""Level 1 at work: choosing a runbook, running it, and finding out whether it has helped."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from services.fault_events import DeviceCommanded
from services.fault_models import Incident, Run, RunState
from services.models import Battery, HolderKind, Role, User
from services.ports import Range, Transaction, Where
from services.runbooks import (
    ATTEMPTS,
    BY_NAME,
    CHARGED_BY,
    Precondition,
    Runbook,
    Verification,
    runbook_for,
)
from services.states import BatteryState
from services.timers import clear_timers, set_timer, timer
from services.world import World

RUN_TIMER: Final = "fault.run"
BUDGET_WINDOW: Final = timedelta(hours=1)
MOST_CONTROLLERS: Final = 8


class Runs:
    """Steps on a draft of an incident, inside the caller's transaction.

    The caller publishes the station: two runs that start at once conflict on it, so that the budget holds.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    async def begin(self, tx: Transaction, draft: Incident) -> Incident:
        """Start the kind's runbook, if one may run now; else the draft says in its history why not."""
        runbook = runbook_for(draft.kind)
        if runbook is None:
            return self._note(draft, "no runbook for this kind")
        controllers = await self._controllers(tx, draft)
        obstacle = await self._obstacle(tx, draft, runbook, controllers)
        if obstacle is not None:
            return self._note(draft, f"{runbook.name} not run: {obstacle}")
        run = await self._run(tx, draft, runbook)
        self._command(tx, draft, run, controllers, runbook.action, await pack_of(tx, draft))
        await set_timer(tx, timer(RUN_TIMER, draft.id, run.until))
        started = draft.drafted(runs=(*draft.runs, run), last_run_at=run.started_at)
        return self._note(started, f"{runbook.name}, attempt {run.attempt}: {runbook.action}")

    async def _run(self, tx: Transaction, draft: Incident, runbook: Runbook) -> Run:
        now, pack = self._world.clock(), await pack_of(tx, draft)
        return Run(
            run_id=self._world.ids(),
            runbook=runbook.name,
            attempt=len(draft.runs) + 1,
            action=runbook.action,
            started_at=now,
            until=now + runbook.time_limit,
            soc_before=pack.soc if pack else None,
        )

    async def _obstacle(
        self, tx: Transaction, draft: Incident, runbook: Runbook, controllers: list[User]
    ) -> str | None:
        """Why the runbook may not run now; none if it may."""
        if len(draft.runs) >= ATTEMPTS:
            return f"{ATTEMPTS} attempts have not helped"
        if not controllers:
            return "no controller of the station is known"
        if not await self._holds(tx, draft, runbook.precondition):
            return f"{runbook.precondition} does not hold"
        if await self._runs_lately(tx, draft, runbook) >= runbook.per_hour:
            return f"{runbook.per_hour} runs in an hour are the limit"
        return None

    async def _holds(self, tx: Transaction, draft: Incident, precondition: Precondition) -> bool:
        charging: Where = {
            "holder.kind": HolderKind.SLOT,
            "holder.id": draft.station_id,
            "state": BatteryState.CHARGING,
        }
        match precondition:
            case Precondition.PACK_IN_SLOT:
                pack = await pack_of(tx, draft)
                return pack is not None and in_slot_of(pack, draft.station_id)
            case Precondition.PACKS_CHARGING:
                return await tx.batteries.count(charging) > 0
            case Precondition.NONE:
                return True

    async def _runs_lately(self, tx: Transaction, draft: Incident, runbook: Runbook) -> int:
        since = self._world.clock() - BUDGET_WINDOW
        lately: Where = {"station_id": draft.station_id, "last_run_at": Range(gt=since)}
        others = [one for one in await tx.incidents.find(lately) if one.id != draft.id]
        return sum(
            run.runbook == runbook.name and run.started_at > since
            for incident in (draft, *others)
            for run in incident.runs
        )

    async def has_helped(self, tx: Transaction, incident: Incident, run: Run) -> bool:
        """Is there proof, at the end of the time limit, that the fault is gone? A report ends it earlier."""
        if BY_NAME[run.runbook].verification is not Verification.CHARGING or run.soc_before is None:
            return False
        pack = await pack_of(tx, incident)
        return pack is not None and pack.soc >= run.soc_before + CHARGED_BY

    async def finish(self, tx: Transaction, draft: Incident, state: RunState) -> Incident:
        """Decide the running attempt, if there is one; one that has failed is undone."""
        run = draft.running
        if run is None:
            return draft
        await clear_timers(tx, draft.id, RUN_TIMER)
        ended = run.model_copy(update={"state": state, "ended_at": self._world.clock()})
        decided = self._note(draft.drafted(runs=(*draft.runs[:-1], ended)), f"{run.runbook}: {state}")
        undo = BY_NAME[run.runbook].undo
        if state is not RunState.FAILED or undo is None:
            return decided
        self._command(tx, draft, run, await self._controllers(tx, draft), undo, await pack_of(tx, draft))
        return self._note(decided, f"{run.runbook}: undone by {undo}")

    async def _controllers(self, tx: Transaction, draft: Incident) -> list[User]:
        where = {"role": Role.DEVICE, "station_id": draft.station_id}
        return await tx.users.find(where, limit=MOST_CONTROLLERS)

    def _command(
        self,
        tx: Transaction,
        draft: Incident,
        run: Run,
        controllers: list[User],
        command: str,
        pack: Battery | None,
    ) -> None:
        slot = pack.holder.slot if pack and in_slot_of(pack, draft.station_id) else None
        for controller in controllers:
            tx.log(
                DeviceCommanded(
                    **self._world.stamp(),
                    version=draft.version,
                    station_id=draft.station_id,
                    incident_id=draft.id,
                    run_id=run.run_id,
                    runbook=run.runbook,
                    device_id=controller.id,
                    command=command,
                    battery_id=draft.battery_id,
                    slot=slot,
                )
            )

    def _note(self, draft: Incident, what: str) -> Incident:
        return draft.noted(self._world.clock(), what)


async def pack_of(tx: Transaction, incident: Incident) -> Battery | None:
    """The pack that an incident names."""
    return await tx.batteries.get(incident.battery_id) if incident.battery_id else None


def in_slot_of(pack: Battery, station_id: str) -> bool:
    return pack.holder.kind is HolderKind.SLOT and pack.holder.id == station_id
