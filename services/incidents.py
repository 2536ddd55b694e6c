"""Steps on one incident that faults and tickets share: storing a version, ending, taking up again."""

from __future__ import annotations

from typing import Final

from services.errors import Conflict, NotFound, raise_
from services.fault_events import AlertRaised, FaultChanged, FaultResolved
from services.fault_models import Incident, RunState
from services.ports import Transaction
from services.runs import Runs
from services.states import INCIDENT_MOVES, INCIDENT_OPEN, IncidentState, moved
from services.timers import clear_timers
from services.world import World

CLIMB_TIMER: Final = "fault.climb"


class Incidents:
    """Each inside its caller's transaction."""

    def __init__(self, world: World, runs: Runs) -> None:
        self._world = world
        self._runs = runs

    async def get(self, tx: Transaction, incident_id: str) -> Incident:
        """Raises NotFound."""
        return await tx.incidents.get(incident_id) or raise_(NotFound(incident_id=incident_id))

    async def store(
        self, tx: Transaction, draft: Incident, fact: type[FaultChanged] = FaultChanged
    ) -> Incident:
        """Make the draft the incident's next version, and tell it."""
        stored = draft.changed()
        await tx.incidents.replace(stored)
        tx.log(fact.of(stored, self._world.stamp()))
        return stored

    async def resolve(self, tx: Transaction, incident_id: str, reason: str, by: str) -> None:
        """Its ticket is done: nothing more is tried. One that has ended already stays as it is."""
        incident = await self.get(tx, incident_id)
        if incident.state not in INCIDENT_OPEN:
            return
        draft = await self._runs.finish(tx, incident, RunState.INTERRUPTED)
        await clear_timers(tx, incident_id, CLIMB_TIMER)
        ended = draft.drafted(
            state=moved(INCIDENT_MOVES, draft.state, IncidentState.RESOLVED),
            ended_at=self._world.clock(),
            end_reason=reason,
        )
        await self.store(tx, ended.noted(self._world.clock(), f"resolved: {reason}", by), FaultResolved)

    async def take_up(self, tx: Transaction, incident_id: str, by: str) -> None:
        """Its ticket is taken up again. Raises Conflict when the fault is another incident by now."""
        incident = await self.get(tx, incident_id)
        other = await tx.incidents.first(
            {"station_id": incident.station_id, "cause": incident.cause, "state": INCIDENT_OPEN}
        )
        if other is not None:
            raise Conflict(incident_id=other.id)
        again = incident.drafted(
            state=moved(INCIDENT_MOVES, incident.state, IncidentState.TICKETED),
            ended_at=None,
            end_reason=None,
        )
        await self.store(tx, again.noted(self._world.clock(), "taken up again", by))

    def alert(self, tx: Transaction, incident: Incident, alert: str) -> None:
        """Tell admins that an incident wants to be looked at now."""
        tx.log(
            AlertRaised(
                **self._world.stamp(),
                version=incident.version,
                station_id=incident.station_id,
                alert=alert,
                severity=incident.severity,
                kind=incident.kind,
                incident_id=incident.id,
                ticket_id=incident.ticket_id,
            )
        )
