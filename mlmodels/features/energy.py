"""What the chargers draw, and how the grid is."""

from __future__ import annotations

from typing import Final

from mlmodels.features.demand import DEMAND, demand
from mlmodels.history import History
from mlmodels.spec import Feature

PRIOR_CHARGER_KW: Final = 0.7

ENERGY: Final = (
    *DEMAND,
    Feature("charging", "packs that charge"),
    Feature("slots", "slots", prior=40, low=1),
    Feature("charger_kw", "what one charger draws, kW", prior=PRIOR_CHARGER_KW, low=0.05, high=50),
    Feature("connection_kw", "what the station may draw, kW; 0: as the slots let expect", high=100_000),
    Feature("grid_voltage_v", "V; the hub's records have none yet", prior=230, high=1000),
    Feature("grid_frequency_hz", "Hz; the hub's records have none yet", prior=50, low=10, high=400),
)


def energy(history: History) -> dict[str, float]:
    """Features of ENERGY."""
    return {**demand(history), "charging": history.place.charging, "slots": history.place.slots}
