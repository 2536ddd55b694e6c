"""What is generated from the code is as the code is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.doors.pages import pages

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_page_is_as_the_code_is(name: str) -> None:
    path = ROOT / ".env.example" if name == "env.example" else ROOT / "docs" / "generated" / name

    assert path.read_text() == pages()[name], "run `make docs`"
