"""Packs: how many there are, how worn, how many will be wanted."""

from __future__ import annotations

from statistics import fmean
from typing import Final

from mlmodels.features.demand import DEMAND, PRIOR_PER_HOUR, daily, demand
from mlmodels.history import History, PackReading
from mlmodels.spec import Feature

PRIOR_DAILY: Final = PRIOR_PER_HOUR * 12  # of a station that nobody knows: by day only
WORN_SOH: Final = 82.0
"""A pack at or below this will be retired before long: 80 % is the usual end of a life on the road."""

SUPPLY: Final = (
    Feature("charged", "charged packs that nobody else counts on"),
    Feature("charging", "packs that charge"),
    Feature("inbound", "packs that jobs bring"),
)
_PACK: Final = (
    Feature("soh", "state of health, %; of a station the mean of its packs", prior=100, high=100),
    Feature("cycles", "full charges so far; of a station the mean of its packs"),
    Feature("temperature_c", "°C", prior=25, low=-60, high=200),
)
_DAILY: Final = (
    Feature("daily_swaps", "swaps a day, mean of the last days", prior=PRIOR_DAILY),
    Feature("days", "from how many days that is known", high=28),
)

REBALANCING: Final = (*DEMAND, *SUPPLY)
USAGE: Final = (*_PACK, Feature("swaps_per_pack_day", "swaps a day for each pack", prior=1.0))
ORDER: Final = (
    *_DAILY,
    Feature("growth_ratio", "swaps of the last week over those of the weeks before", prior=1.0, high=10),
    Feature("packs", "packs in the slots"),
    Feature("worn_packs", f"of these with a state of health of {WORN_SOH:g} % or less"),
    Feature("quarantined", "of these in quarantine"),
)
STORAGE: Final = (
    *_DAILY,
    Feature("packs", "packs in the slots"),
    Feature("slots", "slots", prior=40, low=1),
    Feature("inbound", "packs that jobs bring"),
    Feature("partner_free", "packs that the partner has room for"),
    Feature("partner_capacity", "packs that the partner can store"),
)


def rebalancing(history: History) -> dict[str, float]:
    """Features of REBALANCING."""
    place = history.place
    supply = {"charged": place.charged, "charging": place.charging, "inbound": place.inbound}
    return {**demand(history), **supply}


def usage(history: History) -> dict[str, float]:
    """Features of USAGE: of the pack asked about, else of the station's packs together."""
    packs = (history.pack,) if history.pack else history.packs
    known = _means(packs) if packs else {}
    if history.demand.daily and history.place.packs:
        known["swaps_per_pack_day"] = fmean(history.demand.daily) / history.place.packs
    return known


def _means(packs: tuple[PackReading, ...]) -> dict[str, float]:
    return {
        "soh": fmean(pack.soh for pack in packs),
        "cycles": fmean(pack.cycles for pack in packs),
        "temperature_c": fmean(pack.temperature_c for pack in packs),
    }


def order(history: History) -> dict[str, float]:
    """Features of ORDER."""
    return {
        **daily(history.demand),
        "packs": history.place.packs,
        "worn_packs": sum(pack.soh <= WORN_SOH for pack in history.packs),
        "quarantined": history.place.quarantined,
    }


def storage(history: History) -> dict[str, float]:
    """Features of STORAGE; without a partner there is no room anywhere."""
    place, partner = history.place, history.storage
    room = {"partner_free": partner.free, "partner_capacity": partner.capacity} if partner else {}
    known = {name: value for name, value in daily(history.demand).items() if name != "growth_ratio"}
    return {**known, "packs": place.packs, "slots": place.slots, "inbound": place.inbound, **room}
