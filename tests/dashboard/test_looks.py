"""Pictures for people to look at: build/dashboard/, both themes, both widths, with the city at work."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import expect

from tests.dashboard.chromium import DESKTOP, PHONE
from tests.dashboard.city import City
from tests.dashboard.conftest import OpenTab

PICTURES: Final = Path(__file__).parents[2] / "build" / "dashboard"  # not in git
RIDERS: Final = 30


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
async def test_page_draws_in_every_theme_and_width(
    city: City, open_tab: OpenTab, theme: str, size: dict[str, Any]
) -> None:
    tab = await open_tab(color_scheme=theme, viewport=size, device_scale_factor=1 if size == DESKTOP else 2)
    for number in range(1, RIDERS + 1):
        station = f"station_{1 + number * number % 24:03}"
        await city.seeded_rider(number).rest("POST", "/queue/confirm", {"station_id": station})
    await expect(tab.page.locator("[data-figure=open_entries] dd")).to_have_text(str(RIDERS))

    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = await tab.page.screenshot(path=PICTURES / f"{theme}-{size['width']}.png")

    assert len(picture) > 20_000
    assert tab.complaints == []
