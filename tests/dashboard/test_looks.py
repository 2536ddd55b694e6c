"""Pictures for people to look at: build/dashboard/, both themes, both widths, with the city at work."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Final

from playwright.async_api import Page, expect

from tests.dashboard.chromium import DESKTOP, PHONE
from tests.dashboard.city import City
from tests.dashboard.conftest import OpenTab
from tests.dashboard.desk import Desk

PICTURES: Final = Path(__file__).parents[2] / "build" / "dashboard"  # not in git
RIDERS: Final = 30
PLACES: Final = {"map": ".station", "jobs": ".is-route", "staff": ".is-where", "incidents": ".clock"}
"""Where one can go, and what is drawn there."""


async def test_page_draws_in_every_theme_and_width(city: City, open_tab: OpenTab) -> None:
    for number in range(1, RIDERS + 1):
        station = f"station_{1 + number * number % 24:03}"
        await city.seeded_rider(number).rest("POST", "/queue/confirm", {"station_id": station})
    await Desk(city).fill()
    PICTURES.mkdir(parents=True, exist_ok=True)
    for theme, size in product(("light", "dark"), (DESKTOP, PHONE)):
        scale = 1 if size == DESKTOP else 2
        tab = await open_tab(color_scheme=theme, viewport=size, device_scale_factor=scale)
        await expect(tab.page.locator("[data-figure=open_entries] dd")).to_have_text(str(RIDERS))
        await _draw(tab.page, f"{theme}-{size['width']}")
        assert tab.complaints == []
        await tab.context.close()


async def _draw(page: Page, name: str) -> None:
    for place, shown in PLACES.items():
        await page.locator(f".tabs a[href='#{place}']").click()
        await expect(page.locator(shown).first).to_be_visible()
        picture = await page.screenshot(path=PICTURES / f"{name}-{place}.png")
        assert len(picture) > 20_000
