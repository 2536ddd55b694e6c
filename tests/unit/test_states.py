"""State tables: every state is in its table, ends are ends, illegal moves are conflicts."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from services.errors import Conflict
from services.states import (
    BATTERY_MOVES,
    ENTRY_MOVES,
    JOB_MOVES,
    OPEN,
    OPEN_JOB,
    SWAP_MOVES,
    BatteryState,
    EntryState,
    JobState,
    SwapState,
    moved,
)

TABLES: list[tuple[type[StrEnum], Any]] = [
    (EntryState, ENTRY_MOVES),
    (SwapState, SWAP_MOVES),
    (BatteryState, BATTERY_MOVES),
    (JobState, JOB_MOVES),
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


def test_an_ended_job_never_moves_again() -> None:
    assert all(not JOB_MOVES[state] for state in JobState if state not in OPEN_JOB)
