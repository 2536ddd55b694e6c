"""The page of the models, from their declaration."""

from __future__ import annotations

from typing import Final

from mlmodels.catalog import CATALOG
from mlmodels.spec import MOST, Feature, Spec

DAY: Final = 24 * 60
HEAD: Final = """
# Models

What each of the thirteen answers, how far ahead, and from which inputs. All answer by their declared
heuristic today. An input that nobody knows is taken as its prior, and named in `assumed`; `features` of a
request overrides the hub's own.
"""


def models_page() -> str:
    return HEAD + "".join(map(_model, CATALOG.values()))


def _model(spec: Spec) -> str:
    ahead = spec.horizon
    rows = "".join(map(_feature, spec.features))
    return (
        f"\n## {spec.name}\n\n{spec.title}: {spec.unit}, {_span(ahead.usual)} ahead unless asked otherwise "
        f"({_span(ahead.least)} to {_span(ahead.most)}). Heuristic `{spec.version}`.\n\n"
        f"| input | | prior | bounds |\n|---|---|---|---|\n{rows}"
    )


def _feature(feature: Feature) -> str:
    above = "" if feature.high >= MOST else f"{feature.high:g}"
    return (
        f"| `{feature.name}` | {feature.about} | {feature.prior:g} | {feature.low:g} to {above or 'any'} |\n"
    )


def _span(minutes: int) -> str:
    if minutes % DAY == 0:
        return f"{minutes // DAY} days" if minutes > DAY else "a day"
    return f"{minutes // 60} hours" if minutes % 60 == 0 and minutes > 60 else f"{minutes} minutes"
