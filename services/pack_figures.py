"""A pack as events tell it, wherever it is: one model, so that no event lacks what another has."""

from __future__ import annotations

from typing import Any

from services.base import Model
from services.models import Battery, Holder
from services.states import BatteryState


class PackFigures(Model):
    """What a pack is now; `held` says that it is promised."""

    battery_id: str
    state: BatteryState
    holder: Holder
    soc: float  # %
    soh: float  # %
    held: bool


def pack_figures(pack: Battery) -> dict[str, Any]:
    """The fields of `PackFigures`."""
    return {
        "battery_id": pack.id,
        "state": pack.state,
        "holder": pack.holder,
        "soc": pack.soc,
        "soh": pack.soh,
        "held": pack.is_held,
    }
