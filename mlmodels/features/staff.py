"""Hands at the bays, and what could be done for a station."""

from __future__ import annotations

from statistics import fmean
from typing import Final

from mlmodels.features.demand import DEMAND, demand
from mlmodels.features.stock import SUPPLY
from mlmodels.history import History
from mlmodels.spec import Feature

PRIOR_SWAP_MINUTES: Final = 4.0  # of a staffed swap, with scan and check

STAFF: Final = (
    *DEMAND,
    Feature("queue_length", "riders who wait"),
    Feature(
        "swap_minutes", "minutes from the scan to the swap's end", prior=PRIOR_SWAP_MINUTES, low=0.5, high=240
    ),
    Feature("staff", "people on duty", high=1000),
    Feature("bays", "bays there are", prior=2, low=1, high=100),
    Feature("neighbour_spare", "people that the nearest station with some can spare"),
    Feature("neighbour_minutes", "minutes from there", prior=30),
)
ACTION: Final = (
    *(feature for feature in STAFF if not feature.name.startswith("neighbour")),
    *SUPPLY,
    Feature("open_tickets", "tickets that people work on"),
    Feature("faults_7d", "faults there in a week"),
    Feature("severity", "of the incident asked about: 1 low to 4 critical, 0 none", high=4),
)


def _hands(history: History) -> dict[str, float]:
    place, swaps = history.place, history.demand.swaps_minutes
    return {
        **demand(history),
        "queue_length": place.waiting,
        "staff": place.staff,
        "bays": place.staffable_bays,
        **({"swap_minutes": max(0.5, fmean(swaps))} if swaps else {}),
    }


def staff(history: History) -> dict[str, float]:
    """Features of STAFF."""
    near = history.neighbour
    spare = {"neighbour_spare": near.bays_spare, "neighbour_minutes": near.travel_minutes} if near else {}
    return {**_hands(history), **spare}


def action(history: History) -> dict[str, float]:
    """Features of ACTION."""
    place = history.place
    return {
        **_hands(history),
        "charged": place.charged,
        "charging": place.charging,
        "inbound": place.inbound,
        "open_tickets": place.open_tickets,
        "faults_7d": history.faults.last_7d,
        "severity": history.faults.severity,
    }
