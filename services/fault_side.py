"""The services of faults, wired to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.boards import Boards
from services.clocks import Clock
from services.entries import Entries
from services.faults import FaultService
from services.incidents import CLIMB_TIMER, Incidents
from services.people import PeopleService
from services.quarantine import Quarantine
from services.rebooking import Rebooking
from services.runs import RUN_TIMER, Runs
from services.tickets import TIMERS, TicketService
from services.timers import Step
from services.world import World


@dataclass(frozen=True, slots=True)
class FaultSide:
    """Incidents and the tickets that they become."""

    faults: FaultService
    tickets: TicketService

    @classmethod
    def build(
        cls, world: World, boards: Boards, entries: Entries, people: PeopleService, rebooking: Rebooking
    ) -> FaultSide:
        runs = Runs(world)
        incidents = Incidents(world, runs)
        tickets = TicketService(world, entries, incidents, people)
        quarantine = Quarantine(world, boards, entries)
        return cls(FaultService(world, entries, quarantine, runs, incidents, tickets, rebooking), tickets)

    @property
    def steps(self) -> Mapping[str, Step]:
        """What their timers do."""
        return {
            RUN_TIMER: self.faults.on_run_due,
            CLIMB_TIMER: self.faults.on_climb_due,
            TIMERS[Clock.ACKNOWLEDGE]: self.tickets.on_acknowledge_due,
            TIMERS[Clock.REPAIR]: self.tickets.on_repair_due,
        }
