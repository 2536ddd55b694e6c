"""A fault is one incident that climbs: a runbook, then an opinion with an advice, then a person."""

from __future__ import annotations

import builtins

from services.answers import Page
from services.base import Model
from services.clocks import LIMITS
from services.diagnosis import diagnose, signs_of
from services.entries import Entries
from services.errors import NotFound, WrongBattery, raise_
from services.fault_events import FaultChanged, FaultEscalated, FaultRaised, FaultRecovered
from services.fault_models import Incident, RunState, Severity, cause_of
from services.fault_views import IncidentView, incident_view
from services.incidents import CLIMB_TIMER, Incidents
from services.models import Battery, HolderKind
from services.paging import page
from services.ports import Transaction, Where
from services.quarantine import Quarantine
from services.rebooking import Rebooking
from services.runbooks import OF_THE_PLACE, STOPS_SERVICE
from services.runs import Runs, pack_of
from services.states import INCIDENT_MOVES, INCIDENT_OPEN, IncidentState, moved
from services.tickets import TicketService
from services.timers import clear_timers, set_timer, timer
from services.waiting_models import OfferReason
from services.world import World


class Report(Model):
    """What somebody says about a fault; `cleared`: that it is gone.

    `needs_person`: there is nothing to be tried first, as with a faulty pack that staff took back.
    """

    station_id: str
    kind: str
    severity: Severity
    battery_id: str | None = None
    description: str | None = None
    cleared: bool = False
    needs_person: bool = False
    swap_id: str | None = None


class FaultService:
    """Takes reports, and lets incidents climb when nothing helps in time."""

    def __init__(
        self,
        world: World,
        entries: Entries,
        quarantine: Quarantine,
        runs: Runs,
        incidents: Incidents,
        tickets: TicketService,
        rebooking: Rebooking,
    ) -> None:
        self._world = world
        self._entries = entries
        self._quarantine = quarantine
        self._runs = runs
        self._incidents = incidents
        self._tickets = tickets
        self._rebooking = rebooking

    async def get(self, incident_id: str) -> Incident:
        """Raises NotFound."""
        found = await self._world.records.now.incidents.get(incident_id)
        return found or raise_(NotFound(incident_id=incident_id))

    async def list(
        self, *, station_id: str | None, open_only: bool, limit: int, cursor: str | None
    ) -> Page[IncidentView]:
        """Incidents of one station or of all, newest first."""
        where: Where = {"station_id": station_id} if station_id else {}
        if open_only:
            where = {**where, "state": INCIDENT_OPEN}
        found = await page(self._world.records.now.incidents, where, limit=limit, cursor=cursor)
        items = [incident_view(incident) for incident in found.items]
        return Page(items=items, next_cursor=found.next_cursor)

    async def open_of(self, station_id: str | None) -> builtins.list[IncidentView]:
        """The open incidents of one station or of all, as rooms show them."""
        where: Where = {"station_id": station_id} if station_id else {}
        found = await self._world.records.now.incidents.find({**where, "state": INCIDENT_OPEN})
        return [incident_view(incident) for incident in found]

    # -- reports

    async def report(self, report: Report, *, by: str) -> Incident:
        """Take a report: a new incident, or one more word on an open one of the same cause.

        A critical one of a kind that stops service closes the station, whose riders are sent on.
        Raises NotFound for an unknown station or pack, and when nothing is open that could be cleared;
        WrongBattery for a pack in a slot of another station.
        """
        async with self._world.records.transaction() as tx:
            await self._entries.station(tx, report.station_id)
            incident = await self.take(tx, report, by=by)
            station = await self._entries.station(tx, report.station_id)
            if station.is_active and _stops_service(incident):
                await self._rebooking.close(tx, station, OfferReason.STATION_FAULT)
            else:
                await self._entries.publish(tx, report.station_id)
        return incident

    async def take(self, tx: Transaction, report: Report, *, by: str) -> Incident:
        """A report inside its caller's transaction; the caller publishes the station."""
        await self._take_out(tx, report)
        known = await self.known(tx, report)
        if report.cleared:
            gone = known or raise_(NotFound(station_id=report.station_id, kind=report.kind))
            return await self._recover(tx, gone, f"reported gone by {by}", by)
        if known is None:
            return await self._raise(tx, report, by)
        return await self._again(tx, known, report, by)

    async def known(self, tx: Transaction, report: Report) -> Incident | None:
        """The open incident that a report is about."""
        cause = cause_of(report.kind, report.battery_id)
        return await tx.incidents.first(
            {"station_id": report.station_id, "cause": cause, "state": INCIDENT_OPEN}
        )

    async def _take_out(self, tx: Transaction, report: Report) -> None:
        """A pack that a report calls into question is quarantined at once. Raises NotFound, WrongBattery."""
        if report.battery_id is None or report.cleared:
            return
        pack = await tx.batteries.get(report.battery_id) or raise_(NotFound(battery_id=report.battery_id))
        if _is_elsewhere(pack, report.station_id):
            raise WrongBattery(battery_id=pack.id)
        if report.kind not in OF_THE_PLACE:
            await self._quarantine.take_out(tx, pack)

    async def _raise(self, tx: Transaction, report: Report, by: str) -> Incident:
        now = self._world.clock()
        new = Incident(
            id=self._world.ids(),
            station_id=report.station_id,
            kind=report.kind,
            battery_id=report.battery_id,
            cause=cause_of(report.kind, report.battery_id),
            severity=report.severity,
            state=IncidentState.ACTING,
            level=1,
            description=report.description,
            reported_by=by,
            raised_at=now,
            last_reported_at=now,
        ).noted(now, f"reported: {report.severity}", by)
        draft = await self._runs.begin(tx, new) if not report.needs_person else new
        if _needs_person(report):
            draft = await self._to_person(tx, draft, report.swap_id)
        elif draft.running is None:
            draft = await self._assess(tx, draft)
        await tx.incidents.insert(draft)
        tx.log(FaultRaised.of(draft, self._world.stamp()))
        if draft.severity is Severity.CRITICAL:
            self._incidents.alert(tx, draft, "critical_fault")
        return draft

    async def _again(self, tx: Transaction, known: Incident, report: Report, by: str) -> Incident:
        now = self._world.clock()
        draft = known.drafted(
            reports=known.reports + 1,
            last_reported_at=now,
            severity=known.severity.at_least(report.severity),
            description=report.description or known.description,
        )
        if draft.severity is not known.severity:
            draft = await self._worsen(tx, draft.noted(now, f"worse: {draft.severity}", by))
        if known.state is IncidentState.CLEARED:
            back = moved(INCIDENT_MOVES, draft.state, IncidentState.TICKETED)
            draft = draft.drafted(state=back).noted(now, "it has come back", by)
        if _needs_person(report) and draft.ticket_id is None:
            draft = await self._to_person(tx, draft, report.swap_id)
        climbed = draft.level > known.level
        return await self._incidents.store(tx, draft, FaultEscalated if climbed else FaultChanged)

    async def _worsen(self, tx: Transaction, draft: Incident) -> Incident:
        """What was given more time has less."""
        if draft.severity is Severity.CRITICAL:
            self._incidents.alert(tx, draft, "critical_fault")
        if draft.ticket_id is not None:
            await self._tickets.worsen(tx, draft.ticket_id, draft.severity)
        elif draft.climbs_at is not None:
            sooner = min(draft.climbs_at, self._world.clock() + LIMITS[draft.severity].climb)
            await set_timer(tx, timer(CLIMB_TIMER, draft.id, sooner))
            return draft.drafted(climbs_at=sooner)
        return draft

    # -- up and out

    async def _assess(self, tx: Transaction, draft: Incident) -> Incident:
        """Level 2: an opinion, and an advice that stands for a while."""
        climbs_at = self._world.clock() + LIMITS[draft.severity].climb
        await set_timer(tx, timer(CLIMB_TIMER, draft.id, climbs_at))
        judged = (await self._judge(tx, draft)).drafted(
            state=moved(INCIDENT_MOVES, draft.state, IncidentState.ASSESSED), level=2, climbs_at=climbs_at
        )
        return judged.noted(self._world.clock(), "level 2: assessed")

    async def _judge(self, tx: Transaction, draft: Incident) -> Incident:
        signs = await signs_of(tx, draft, await pack_of(tx, draft), self._world.clock())
        return draft.drafted(analysis=diagnose(self._world.models, signs, draft.kind))

    async def _to_person(self, tx: Transaction, draft: Incident, swap_id: str | None = None) -> Incident:
        """Level 3: a ticket. A runbook that runs goes on beside it."""
        await clear_timers(tx, draft.id, CLIMB_TIMER)
        judged = await self._judge(tx, draft)
        ticket = await self._tickets.open_for(tx, judged, swap_id=swap_id)
        given = judged.drafted(
            state=moved(INCIDENT_MOVES, draft.state, IncidentState.TICKETED),
            level=3,
            climbs_at=None,
            ticket_id=ticket.id,
        )
        return given.noted(self._world.clock(), f"level 3: ticket {ticket.id}")

    async def _recover(self, tx: Transaction, incident: Incident, reason: str, by: str | None) -> Incident:
        """The fault is gone. It ends, unless a ticket is open: then people have the last word."""
        if incident.state is IncidentState.CLEARED:
            return incident
        now = self._world.clock()
        draft = await self._runs.finish(tx, incident, RunState.VERIFIED)
        draft = draft.noted(now, reason, by)
        if draft.ticket_id is not None:
            cleared = draft.drafted(state=moved(INCIDENT_MOVES, draft.state, IncidentState.CLEARED))
            return await self._incidents.store(tx, cleared, FaultRecovered)
        await clear_timers(tx, draft.id, CLIMB_TIMER)
        recovered = draft.drafted(
            state=moved(INCIDENT_MOVES, draft.state, IncidentState.RECOVERED),
            climbs_at=None,
            ended_at=now,
            end_reason=reason,
        )
        return await self._incidents.store(tx, recovered, FaultRecovered)

    # -- timers

    async def on_run_due(self, tx: Transaction, incident_id: str) -> None:
        """A runbook's time is up: it has helped, or is undone and tried again, or the incident climbs."""
        incident = await self._incidents.get(tx, incident_id)
        run = incident.running
        if run is None:
            return
        if await self._runs.has_helped(tx, incident, run):
            await self._recover(tx, incident, f"{run.runbook} has helped", None)
        else:
            await self._run_failed(tx, incident)
        await self._entries.publish(tx, incident.station_id)

    async def _run_failed(self, tx: Transaction, incident: Incident) -> None:
        draft = await self._runs.finish(tx, incident, RunState.FAILED)
        draft = await self._runs.begin(tx, draft)
        if draft.running is None and draft.state is IncidentState.ACTING:
            await self._incidents.store(tx, await self._assess(tx, draft), FaultEscalated)
        else:
            await self._incidents.store(tx, draft)

    async def on_climb_due(self, tx: Transaction, incident_id: str) -> None:
        """Nothing has helped while the advice stood: a person must."""
        incident = await self._incidents.get(tx, incident_id)
        if incident.state is IncidentState.ASSESSED:
            await self._incidents.store(tx, await self._to_person(tx, incident), FaultEscalated)
            await self._entries.publish(tx, incident.station_id)


def _needs_person(report: Report) -> bool:
    return report.needs_person or report.severity is Severity.CRITICAL


def _stops_service(incident: Incident) -> bool:
    is_open = incident.state in INCIDENT_OPEN and incident.state is not IncidentState.CLEARED
    return is_open and incident.severity is Severity.CRITICAL and incident.kind in STOPS_SERVICE


def _is_elsewhere(pack: Battery, station_id: str) -> bool:
    return pack.holder.kind is HolderKind.SLOT and pack.holder.id != station_id
