"""Which pack a rider is handed: enough charge, then the least worn, then the one that was charged first."""

from __future__ import annotations

from collections.abc import Sequence

from services.models import Battery

Choice = tuple[Battery, tuple[str, ...]]
"""A pack, and why it of all."""


def choose(packs: Sequence[Battery], *, enough_soc: float) -> Choice:
    """One of at least one free charged packs of the rider's type; `enough_soc` in %.

    When none has enough, the fullest.
    """
    fit = [pack for pack in packs if pack.soc >= enough_soc]
    if not fit:
        fullest = max(packs, key=lambda pack: (pack.soc, -pack.cycles, pack.id))
        return fullest, (f"{fullest.soc:g} % is the most there is, {enough_soc:g} % would be enough",)
    chosen = min(fit, key=lambda pack: (pack.cycles, _charged_since(pack), pack.id))
    alike = [pack for pack in fit if pack.cycles == chosen.cycles]
    because = [f"{chosen.soc:g} % is enough"]
    if len(alike) < len(fit):
        because.append(f"{chosen.cycles} cycles, the fewest of {len(fit)} packs")
    if len(alike) > 1:
        because.append(f"charged the longest of {len(alike)} alike")
    return chosen, tuple(because)


def _charged_since(pack: Battery) -> float:
    """Of a pack that came charged nobody knows since when: it goes first."""
    return pack.charged_at.timestamp() if pack.charged_at else 0.0
