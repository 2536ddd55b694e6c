"""A hub that goes away and comes back: the page says so, and is right again by itself."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.dashboard.chromium import Tab
from tests.dashboard.city import running_city

STATION = "station_001"


async def test_page_says_that_the_hub_is_gone_and_catches_up_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    tab = await Tab.open(browser)
    async with running_city(tmp_path / "data") as city:
        ports = {"hub_port": city.hub.socket_port, "rest_port": city.hub.rest_port}
        await tab.page.goto(city.link)
        await expect(tab.page.locator(".station")).to_have_count(24)
        assert tab.complaints == []

    state = tab.page.locator(".link strong")
    await expect(state).to_have_text("Reconnecting")
    await expect(tab.page.locator(".link-age")).to_contain_text("s old")
    await expect(tab.page.locator(".station")).to_have_count(24)

    async with running_city(tmp_path / "data", **ports) as city:
        answer = await city.seeded_rider(1).call("queue:confirm", station_id=STATION)
        assert answer.ok
        await expect(state).to_have_text("Live", timeout=15_000)
        row = tab.page.locator(f"[data-row={STATION}]")
        await expect(row).to_have_attribute("data-queue", "1")
        await expect(tab.page.locator(".feed .row[data-kind=gap]")).to_have_count(1)
        await city.seeded_rider(2).call("queue:confirm", station_id=STATION)
        await expect(row).to_have_attribute("data-queue", "2")
        # The page is closed before the hub, so that its last complaint is not about the end of the test.
        await tab.context.close()
    assert all("WebSocket connection" in complaint for complaint in tab.complaints), tab.complaints
