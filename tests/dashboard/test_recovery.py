"""A hub or a wire that goes and comes back: the page says so, and is right again by itself."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.dashboard.chromium import Tab
from tests.dashboard.city import running_city
from tests.dashboard.wire import wire

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


async def test_what_happens_while_the_wire_is_cut_shows_afterwards(browser: Browser, tmp_path: Path) -> None:
    tab = await Tab.open(browser)
    async with (
        wire() as (line, port),
        running_city(tmp_path / "data", public_socket_url=f"http://127.0.0.1:{port}") as city,
    ):
        line.target = city.hub.socket_port
        await tab.page.goto(city.link)
        state = tab.page.locator(".link strong")
        row = tab.page.locator(f"[data-row={STATION}]")
        await expect(state).to_have_text("Live")

        line.cut()
        await expect(state).to_have_text("Reconnecting")
        assert (await city.seeded_rider(1).call("queue:confirm", station_id=STATION)).ok
        await expect(row).to_have_attribute("data-queue", "0")
        line.mend()

        await expect(state).to_have_text("Live", timeout=15_000)
        await expect(row).to_have_attribute("data-queue", "1")
        await row.get_by_role("button").click()
        await expect(tab.page.locator(".person")).to_have_count(1)
        await tab.context.close()
    assert all("WebSocket connection" in complaint for complaint in tab.complaints), tab.complaints
