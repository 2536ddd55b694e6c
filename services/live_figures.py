"""The network in figures, now; each with its definition, which goes out beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydantic import Field

from services.base import Instant, Model
from services.board import StationBoard
from services.log_places import place_at
from services.ports import Snapshot
from services.states import (
    INCIDENT_OPEN,
    OPEN,
    OPEN_JOB,
    TICKET_OPEN,
    WAITING,
    EntryState,
    JobState,
    TicketStatus,
)
from services.swap import completed_today
from services.world import World

SEEN_LATELY: Final = timedelta(minutes=5)
RATE_OVER: Final = timedelta(seconds=60)
ALL_OF_IT: Final = 100  # % of a clock's limit


class NetworkFigures(Model):
    """Figures of this moment."""

    stations: int = Field(description="stations that take riders")
    stations_closed: int = Field(description="stations that take none")
    stations_without_charged_packs: int = Field(
        description="stations that take riders and have no pack that can be promised now"
    )
    riders_waiting: int = Field(description="open entries that wait: confirmed, approaching or arrived")
    riders_arrived: int = Field(description="of those that wait, the ones at their station")
    swaps_active: int = Field(description="entries being served: scanned, not completed")
    swaps_today: int = Field(description="swaps completed since midnight UTC")
    places_free: int = Field(description="places that can be taken, over the stations that take riders")
    longest_wait_minutes: float = Field(
        description="what a newcomer would wait at the worst station that takes riders, 90th percentile"
    )
    packs_in_slots: int = Field(description="packs in the slots of stations")
    packs_charged: int = Field(description="of these, charged")
    packs_charging: int = Field(description="of these, charging")
    packs_quarantined: int = Field(description="of these, in quarantine")
    packs_promised: int = Field(description="promises to open entries, bound to a pack or not")
    packs_promisable: int = Field(description="packs that can be promised now to who names no place")
    staff_on_duty: int = Field(description="staff on duty, over all stations; who is on the way counts")
    vehicles_seen: int = Field(description="users whose newest accepted position is at most 5 minutes old")
    jobs_pending: int = Field(description="jobs on offer")
    jobs_assigned: int = Field(description="jobs whose transporter is on the way to the packs")
    jobs_in_transit: int = Field(description="jobs whose packs are in the van")
    incidents_level_1: int = Field(description="open incidents that a runbook is tried on")
    incidents_level_2: int = Field(description="open incidents with an opinion and an advice")
    incidents_level_3: int = Field(description="open incidents with a ticket")
    tickets_open: int = Field(description="tickets that are open, acknowledged or in progress")
    tickets_overdue: int = Field(
        description="open tickets told at 100 % of a clock (acknowledgement, repair) that is not met yet"
    )
    events_per_s: float = Field(description="events in the log per second, over the last 60 seconds")


class LiveNetwork(Model):
    """`at`: every change acknowledged before that moment counts. `definitions`: what each figure is."""

    at: Instant
    figures: NetworkFigures
    definitions: dict[str, str]


DEFINITIONS: Final = {name: field.description or "" for name, field in NetworkFigures.model_fields.items()}


class LiveFigures:
    """Counts by indexes and adds up boards; reads no document of those that have ended."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def now(self) -> LiveNetwork:
        at, reads = self._world.clock(), self._world.records.now
        figures = {
            **of_boards(await self._world.live.boards()),
            **await _of_entries(reads),
            **await _of_jobs(reads),
            **await _of_faults(reads),
            "swaps_today": await completed_today(self._world),
            "vehicles_seen": await self._seen_lately(),
            "events_per_s": await self._rate(),
        }
        return LiveNetwork(at=at, figures=NetworkFigures.model_validate(figures), definitions=DEFINITIONS)

    async def _seen_lately(self) -> int:
        since = self._world.clock() - SEEN_LATELY
        return sum(fix.at >= since for fix in await self._world.live.positions())

    async def _rate(self) -> float:
        """Of an empty or a young log it is what is there."""
        log = self._world.log
        before = await place_at(log, self._world.clock() - RATE_OVER)
        first = await log.read(after=before, limit=1)
        events = await log.last() - first[0].seq + 1 if first else 0
        return round(events / RATE_OVER.total_seconds(), 2)


def of_boards(boards: Sequence[StationBoard]) -> dict[str, float]:
    """What stations' boards add up to."""
    open_ones = [board for board in boards if board.is_active]
    stocks = [board.stock.counts for board in boards]
    return {
        "stations": len(open_ones),
        "stations_closed": len(boards) - len(open_ones),
        "stations_without_charged_packs": sum(not board.charged_batteries for board in open_ones),
        "places_free": sum(board.available_slots for board in open_ones),
        "longest_wait_minutes": max((board.newcomer_wait.p90 for board in open_ones), default=0.0),
        "packs_in_slots": sum(stock.total for stock in stocks),
        "packs_charged": sum(stock.charged for stock in stocks),
        "packs_charging": sum(stock.charging for stock in stocks),
        "packs_quarantined": sum(stock.quarantined for stock in stocks),
        "packs_promised": sum(stock.held for stock in stocks),
        "packs_promisable": sum(board.charged_batteries for board in open_ones),
        "staff_on_duty": sum(board.staff_on_duty for board in boards),
    }


async def _of_entries(reads: Snapshot) -> dict[str, int]:
    by_state = {
        state: count for (state,), count in (await reads.queues.tally(("state",), {"state": OPEN})).items()
    }
    return {
        "riders_waiting": sum(by_state.get(state, 0) for state in WAITING),
        "riders_arrived": by_state.get(EntryState.ARRIVED, 0),
        "swaps_active": by_state.get(EntryState.ACTIVE, 0),
    }


async def _of_jobs(reads: Snapshot) -> dict[str, int]:
    by_state = await reads.transport_jobs.tally(("state",), {"state": OPEN_JOB})
    return {
        "jobs_pending": by_state.get((JobState.PENDING,), 0),
        "jobs_assigned": by_state.get((JobState.ASSIGNED,), 0),
        "jobs_in_transit": by_state.get((JobState.IN_TRANSIT,), 0),
    }


async def _of_faults(reads: Snapshot) -> dict[str, int]:
    levels = await reads.incidents.tally(("level",), {"state": INCIDENT_OPEN})
    told = ("status", "acknowledge_escalated", "repair_escalated")
    tickets = await reads.tickets.tally(told, {"status": TICKET_OPEN})
    return {
        **{f"incidents_level_{level}": levels.get((level,), 0) for level in (1, 2, 3)},
        "tickets_open": sum(tickets.values()),
        "tickets_overdue": sum(
            count
            for (status, acknowledge, repair), count in tickets.items()
            if repair == ALL_OF_IT or (acknowledge == ALL_OF_IT and status == TicketStatus.OPEN)
        ),
    }
