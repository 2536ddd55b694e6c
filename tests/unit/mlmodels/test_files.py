"""Files of models: what is wrong with one is said, and none is ever used."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlmodels.catalog import CATALOG
from mlmodels.files import FileState, ModelPaths, look
from mlmodels.runtime import Runtime


def trained(path: Path, **metadata: str) -> Path:
    """A model that can be loaded."""
    from catboost import CatBoostRegressor

    model = CatBoostRegressor(iterations=1, verbose=False, allow_writing_files=False, thread_count=1)
    model.fit([[0.0], [1.0]], [0.0, 1.0])
    for name, value in metadata.items():
        model.get_metadata()[name] = value
    model.save_model(str(path))
    return path


@pytest.mark.parametrize("content", [b"", b"not a model", b"CBM1" + b"\0" * 64])
def test_what_cannot_be_loaded_is_corrupt(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.cbm"
    path.write_bytes(content)

    found = look(path)

    assert found.state is FileState.CORRUPT
    assert found.error


@pytest.mark.parametrize(
    ("metadata", "state"),
    [
        ({}, FileState.NO_GATE),
        ({"gate": "lost to the heuristic by 3 %"}, FileState.FAILED_GATE),
        ({"gate": "passed"}, FileState.NOT_SERVED),
    ],
)
def test_what_can_be_loaded_is_judged_by_its_gate(
    tmp_path: Path, metadata: dict[str, str], state: FileState
) -> None:
    found = look(trained(tmp_path / "model.cbm", **metadata))

    assert found.state is state
    assert found.error


def test_a_truncated_model_is_corrupt(tmp_path: Path) -> None:
    path = trained(tmp_path / "model.cbm", gate="passed")
    path.write_bytes(path.read_bytes()[:-40])

    assert look(path).state is FileState.CORRUPT


def test_a_named_file_comes_before_the_directory(tmp_path: Path) -> None:
    (tmp_path / "fault_prediction.cbm").write_bytes(b"garbage")
    paths = ModelPaths(tmp_path, {"load_prediction": trained(tmp_path / "mine.cbm")})

    runtime = Runtime(paths)

    states = {name: file.state for name, file in runtime.files.items()}
    assert states.pop("load_prediction") is FileState.NO_GATE
    assert states.pop("fault_prediction") is FileState.CORRUPT
    assert set(states.values()) == {FileState.MISSING}
    assert all(runtime.predict(name, {}).source == "heuristic" for name in CATALOG)
