"""Files of trained models: where they are looked for, and whether one may ever be used.

A file that is there and is not fit is reported, never used: nobody may take a heuristic for a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

PACKAGED: Final = Path(__file__).with_name("artifacts")
GATE: Final = "gate"  # in the file's own metadata: how it did against the heuristic
PASSED: Final = "passed"


class FileState(StrEnum):
    """What is known of a model's file."""

    MISSING = "missing"
    CORRUPT = "corrupt"  # it cannot be loaded
    NO_GATE = "no_gate"  # nothing says that it beats the heuristic
    FAILED_GATE = "failed_gate"
    NOT_SERVED = "not_served"  # it would be fit, and this hub serves heuristics only


@dataclass(frozen=True, slots=True)
class ModelFile:
    """Where a model's file is or would be, and what is wrong with it."""

    path: Path
    state: FileState
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ModelPaths:
    """Where an operator keeps models: `named` by model, others as `{base}/{name}.cbm`."""

    base: Path | None = None
    named: Mapping[str, Path] | None = None

    def of(self, name: str) -> Path:
        named = (self.named or {}).get(name)
        return named or (self.base or PACKAGED) / f"{name}.cbm"


def look(path: Path) -> ModelFile:
    """Open a model's file, if it is there."""
    if not path.is_file():
        return ModelFile(path, FileState.MISSING)
    from catboost import CatBoost, CatBoostError  # half a second and 100 MB, for those who have models

    model = CatBoost()
    try:
        model.load_model(str(path))
    except (CatBoostError, OSError, ValueError) as error:
        return ModelFile(path, FileState.CORRUPT, str(error).partition("\n")[0])
    return _by_gate(path, dict(model.get_metadata()).get(GATE))


def _by_gate(path: Path, gate: str | None) -> ModelFile:
    if gate is None:
        return ModelFile(path, FileState.NO_GATE, "its metadata have no result of the gate")
    if gate != PASSED:
        return ModelFile(path, FileState.FAILED_GATE, f"the gate said: {gate}")
    return ModelFile(path, FileState.NOT_SERVED, "this hub answers with heuristics only")
