"""For everybody: by keyboard alone, by ear, at 390 pixels, in both themes, without motion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from playwright.async_api import Page, expect

from tests.dashboard.chromium import DESKTOP, NARROWEST, PHONE, TABLET
from tests.dashboard.city import City
from tests.dashboard.conftest import OpenTab
from tests.dashboard.desk import Desk

STATION: Final = "station_001"
FAINT: Final = (Path(__file__).parent / "js" / "faint.js").read_text()
"""Texts with less contrast than WCAG 2.2 AA asks for."""
BOARDS: Final = {"jobs": ".is-route", "staff": ".is-where", "incidents": ".is-severity"}
"""Each list that has the page, and something that is in every row of it."""


async def _fill(city: City) -> None:
    """Three in a queue, and a busy afternoon."""
    for number in range(1, 4):
        await city.seeded_rider(number).rest("POST", "/queue/confirm", {"station_id": STATION})
    await Desk(city).fill()


async def _open_the_busy_station(page: Page) -> None:
    await page.evaluate(
        f"document.querySelector('.station[data-station={STATION}]')"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    await expect(page.locator(".person")).to_have_count(3)


async def _go(page: Page, board: str) -> None:
    await page.locator(f".tabs a[href='#{board}']").click()
    await expect(page.locator(BOARDS[board]).first).to_be_visible()


async def test_every_text_has_the_contrast_of_wcag_aa(city: City, open_tab: OpenTab) -> None:
    tab = await open_tab(color_scheme="light", reduced_motion="reduce")
    assert await tab.page.evaluate(FAINT) == []
    await _fill(city)
    for theme in ("light", "dark"):
        await tab.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await expect(tab.page.locator("html")).to_have_attribute("data-theme", theme)
        await tab.page.locator(".tabs a[href='#map']").click()
        await _open_the_busy_station(tab.page)
        assert await tab.page.evaluate(FAINT) == [], theme
        for board in BOARDS:
            await _go(tab.page, board)
            assert await tab.page.evaluate(FAINT) == [], (theme, board)
        await tab.page.get_by_role("button", name="Resolve").first.click()
        assert await tab.page.evaluate(FAINT) == [], theme
        await tab.page.keyboard.press("Escape")
    assert tab.complaints == []


async def test_map_is_used_by_keyboard_alone(city: City, open_tab: OpenTab) -> None:
    tab = await open_tab()
    page = tab.page
    focused = "document.activeElement.dataset.station"
    await page.locator(".map-box .station[tabindex='0']").focus()
    first = await page.evaluate(focused)

    seen = {first}
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowRight"):
        await page.keyboard.press(key)
        seen.add(await page.evaluate(focused))
    assert len(seen) > 2
    assert await page.locator(".station[tabindex='0']").count() == 1

    await page.keyboard.press("+")
    await page.keyboard.press("Shift+ArrowLeft")
    await page.keyboard.press("0")
    chosen = await page.evaluate(focused)
    await page.keyboard.press("Enter")
    await expect(page.locator(f"[data-panel={chosen}]")).to_be_visible()
    assert await page.evaluate("document.activeElement.id") == "panel-title"

    await page.keyboard.press("Escape")
    await expect(page.locator("[data-panel=network]")).to_be_visible()
    assert await page.evaluate(focused) == chosen
    assert tab.complaints == []


async def test_everything_that_can_be_pressed_has_a_name_and_is_reached_by_tab(
    open_tab: OpenTab,
) -> None:
    tab = await open_tab()
    nameless = await tab.page.evaluate("""() => [
      ...document.querySelectorAll('button, [role=button], input, summary')]
      .filter((one) => !(one.ariaLabel ?? one.textContent).trim()).map((one) => one.outerHTML)""")
    assert nameless == []
    order = []
    for _ in range(12):
        await tab.page.keyboard.press("Tab")
        order.append(await tab.page.evaluate("document.activeElement.tagName"))
    assert set(order) == {"A", "BUTTON"}


async def test_table_sorts_by_its_heads_and_says_so(city: City, open_tab: OpenTab) -> None:
    tab = await open_tab()
    await city.seeded_rider(1).call("queue:confirm", station_id="station_009")
    head = tab.page.locator("thead th.queue")

    await head.get_by_role("button").click()

    await expect(head).to_have_attribute("aria-sort", "descending")
    await expect(tab.page.locator("tbody tr").first).to_have_attribute("data-row", "station_009")
    await head.get_by_role("button").click()
    await expect(head).to_have_attribute("aria-sort", "ascending")
    await expect(tab.page.locator("tbody tr").last).to_have_attribute("data-row", "station_009")


async def test_map_is_heard_too(city: City, open_tab: OpenTab) -> None:
    tab = await open_tab()
    await city.seeded_rider(1).call("queue:confirm", station_id=STATION)

    marker = tab.page.locator(f".station[data-station={STATION}]")
    await expect(marker).to_have_attribute("aria-label", re.compile(r"1 waiting, \d+ of \d+ packs charged"))
    await Desk(city).job("station_003", "station_004", 2)
    await expect(tab.page.locator("[data-digest]")).to_have_text("1 reserved, 1 job ordered", timeout=15_000)


async def test_nothing_is_wider_than_the_page(city: City, open_tab: OpenTab) -> None:
    await _fill(city)
    for size in (DESKTOP, TABLET, PHONE, NARROWEST):
        tab = await open_tab(viewport=size)
        await _open_the_busy_station(tab.page)
        await _fits(tab.page)
        for board in BOARDS:
            await _go(tab.page, board)
            await _fits(tab.page)
        assert tab.complaints == []
        await tab.context.close()


async def _fits(page: Page) -> None:
    wide = await page.evaluate("""() => [...document.querySelectorAll('.shell *')]
      .filter((one) => !one.closest('.map-box, .chips, .unseen'))
      .filter((one) => one.checkVisibility({visibilityProperty: true}))
      .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5)
      .map((one) => `${one.tagName} ${one.className.baseVal ?? one.className}`)""")
    assert wide == []
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")


async def test_phone_shows_one_part_at_a_time(open_tab: OpenTab) -> None:
    tab = await open_tab(viewport=PHONE, has_touch=True)
    parts = {"Stations": ".stations", "Network": ".panel", "Events": ".feed", "Map": ".map"}
    for name, shown in parts.items():
        await tab.page.locator(".tabs").get_by_role("link", name=name).click()
        for part in parts.values():
            await expect(tab.page.locator(part)).to_be_visible(visible=part == shown)


async def test_theme_follows_the_system_and_can_be_chosen(open_tab: OpenTab) -> None:
    tab = await open_tab(color_scheme="dark")
    ground = "getComputedStyle(document.querySelector('.map')).backgroundColor"
    dark = await tab.page.evaluate(ground)

    await tab.page.get_by_role("button", name="Use the light theme").click()
    light = await tab.page.evaluate(ground)
    await tab.page.reload()
    await tab.page.wait_for_selector(".station")

    assert light != dark
    assert await tab.page.evaluate(ground) == light
    assert tab.complaints == []
