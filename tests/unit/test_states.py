"""State tables: every state is in its table, ends are ends, illegal moves are conflicts."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from services.errors import Conflict
from services.states import (
    BATTERY_MOVES,
    DIVERSION_MOVES,
    DIVERSION_OPEN,
    ENTRY_MOVES,
    INCIDENT_MOVES,
    INCIDENT_OPEN,
    JOB_MOVES,
    OPEN,
    OPEN_JOB,
    SHIFT_MOVES,
    SWAP_MOVES,
    TICKET_MOVES,
    WAITING_MOVES,
    WAITLISTED,
    BatteryState,
    DiversionState,
    EntryState,
    IncidentState,
    JobState,
    ShiftState,
    SwapState,
    TicketStatus,
    WaitingState,
    moved,
)

TABLES: list[tuple[type[StrEnum], Any]] = [
    (EntryState, ENTRY_MOVES),
    (WaitingState, WAITING_MOVES),
    (SwapState, SWAP_MOVES),
    (BatteryState, BATTERY_MOVES),
    (IncidentState, INCIDENT_MOVES),
    (TicketStatus, TICKET_MOVES),
    (JobState, JOB_MOVES),
    (ShiftState, SHIFT_MOVES),
    (DiversionState, DIVERSION_MOVES),
]


@pytest.mark.parametrize(("states", "moves"), TABLES)
def test_table_knows_every_state_and_every_state_is_reached(states: type[StrEnum], moves: Any) -> None:
    assert set(moves) == set(states)
    reached = set().union(*moves.values())
    first = next(iter(states))
    assert reached | {first} == set(states)


@pytest.mark.parametrize(("states", "moves"), TABLES)
def test_every_step_is_allowed_or_a_conflict(states: type[StrEnum], moves: Any) -> None:
    for here, there in product(states, states):
        if there in moves[here]:
            assert moved(moves, here, there) is there
        else:
            with pytest.raises(Conflict):
                moved(moves, here, there)


def test_an_ended_entry_never_moves_again() -> None:
    assert all(not ENTRY_MOVES[state] for state in EntryState if state not in OPEN)


def test_a_turn_that_is_over_never_moves_again() -> None:
    assert all(not WAITING_MOVES[state] for state in WaitingState if state not in WAITLISTED)


def test_an_ended_job_never_moves_again() -> None:
    assert all(not JOB_MOVES[state] for state in JobState if state not in OPEN_JOB)


def test_an_ended_incident_comes_back_only_with_its_ticket() -> None:
    ways_back = {
        (here, there) for here in IncidentState if here not in INCIDENT_OPEN for there in INCIDENT_MOVES[here]
    }

    assert ways_back == {(IncidentState.RESOLVED, IncidentState.TICKETED)}


def test_a_diversion_that_is_over_never_moves_again() -> None:
    assert all(not DIVERSION_MOVES[state] for state in DiversionState if state not in DIVERSION_OPEN)
