"""For everybody: by keyboard alone, by ear, at 390 pixels, in both themes, without motion."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.chromium import DESKTOP, PHONE
from tests.dashboard.city import City
from tests.dashboard.conftest import OpenTab

STATION = "station_001"

# Texts whose contrast with what they stand on is less than WCAG 2.2 AA asks for. A colour is made of
# itself and what is beneath it; a label of the map stands on the ground of the map.
FAINT = """() => {
  const probe = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgba = (css) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = css;
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const plate = element.closest('.station')?.querySelector('.plate');
    if (plate) return rgba(getComputedStyle(plate).fill).slice(0, 3);
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, ground(element.parentElement));
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    if (element.closest('.unseen, noscript')) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const text = over(rgba(element instanceof SVGElement ? style.fill : style.color), below);
    const [light, dark] = [luminance(text), luminance(below)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${node.textContent.trim()} ${ratio.toFixed(2)} ${element.className.baseVal ?? element.className}`);
  }
  return faint;
}"""


async def _open_a_busy_station(city: City, page: Page) -> None:
    for number in range(1, 4):
        await city.seeded_rider(number).call("queue:confirm", station_id=STATION)
    await page.evaluate(
        f"document.querySelector('.station[data-station={STATION}]')"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    await expect(page.locator(".person")).to_have_count(3)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_text_has_the_contrast_of_wcag_aa(city: City, open_tab: OpenTab, theme: str) -> None:
    tab = await open_tab(color_scheme=theme, reduced_motion="reduce")
    assert await tab.page.evaluate(FAINT) == []

    await _open_a_busy_station(city, tab.page)

    assert await tab.page.evaluate(FAINT) == []


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


async def test_everything_that_can_be_pressed_has_a_name_and_a_place_in_the_tab_order(
    open_tab: OpenTab,
) -> None:
    tab = await open_tab()
    nameless = await tab.page.evaluate("""() => [...document.querySelectorAll('button, [role=button], input, summary')]
      .filter((one) => !(one.ariaLabel ?? one.textContent).trim()).map((one) => one.outerHTML)""")
    assert nameless == []
    order = []
    for _ in range(12):
        await tab.page.keyboard.press("Tab")
        order.append(await tab.page.evaluate("document.activeElement.tagName"))
    assert set(order) == {"BUTTON"}


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
    await expect(tab.page.locator("[data-digest]")).to_have_text("1 reserved", timeout=15_000)


@pytest.mark.parametrize(
    "size", [DESKTOP, {"width": 1024, "height": 768}, PHONE], ids=lambda size: str(size["width"])
)
async def test_nothing_is_wider_than_the_page(city: City, open_tab: OpenTab, size: dict[str, Any]) -> None:
    tab = await open_tab(viewport=size)
    await _open_a_busy_station(city, tab.page)
    wide = await tab.page.evaluate("""() => [...document.querySelectorAll('.shell *')]
      .filter((one) => !one.closest('.map-box, .chips') && one.checkVisibility({visibilityProperty: true}))
      .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5)
      .map((one) => `${one.tagName} ${one.className.baseVal ?? one.className}`)""")
    assert wide == []
    assert await tab.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert tab.complaints == []


async def test_phone_shows_one_part_at_a_time(open_tab: OpenTab) -> None:
    tab = await open_tab(viewport=PHONE, has_touch=True)
    parts = {"Stations": ".stations", "Network": ".panel", "Events": ".feed", "Map": ".map"}
    for name, shown in parts.items():
        await tab.page.locator(".tabs").get_by_role("button", name=name).click()
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
