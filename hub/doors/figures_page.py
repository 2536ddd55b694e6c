"""The page of figures: what each one that administrators read means, from the fields themselves."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from services.live_figures import NetworkFigures
from services.logistics import JobsInState, Logistics
from services.overview import StationOverview
from services.traffic_cells import CellView

TABLES: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("`admin:live`", NetworkFigures),
    ("`admin:logistics`", Logistics),
    ("`admin:logistics`, open jobs of a state", JobsInState),
    ("`admin:stations`, beside what `station:status` answers", StationOverview),
    ("`admin:traffic`, by H3 cell", CellView),
)


def figures_page() -> str:
    """Every figure that has a definition, by the operation that answers it."""
    return "\n# Figures\n" + "".join(_table(title, model) for title, model in TABLES)


def _table(title: str, model: type[BaseModel]) -> str:
    rows = "".join(
        f"| `{name}` | {field.description} |\n"
        for name, field in model.model_fields.items()
        if field.description
    )
    return f"\n## {title}\n\n| figure | |\n|---|---|\n{rows}"
