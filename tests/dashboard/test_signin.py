"""Who gets in: by a link that works once, by a token, and nobody else."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from services.models import Role
from tests.dashboard.chromium import Tab
from tests.dashboard.city import City


async def test_link_opens_the_dashboard_with_24_stations_and_leaves_the_address(
    browser: Browser, city: City
) -> None:
    tab = await Tab.open(browser)
    await tab.page.goto(city.link)

    await expect(tab.page.locator(".station")).to_have_count(24)
    await expect(tab.page.locator("[data-row]")).to_have_count(24)
    await expect(tab.page.locator(".link strong")).to_have_text("Live")
    assert "link=" not in tab.page.url
    assert tab.complaints == []


async def test_link_works_once_and_the_page_says_how_to_get_another(browser: Browser, city: City) -> None:
    link = city.link
    first = await Tab.open(browser)
    await first.page.goto(link)
    await expect(first.page.locator(".station")).to_have_count(24)

    second = await Tab.open(browser)
    await second.page.goto(link)

    await expect(second.page.get_by_role("heading", level=1)).to_have_text("This link was used already")
    await expect(second.page.get_by_text("navswap link", exact=True)).to_be_visible()
    await expect(second.page.locator(".station")).to_have_count(0)
    assert "link=" not in second.page.url


async def test_reload_keeps_the_session_of_this_tab_and_no_other(browser: Browser, city: City) -> None:
    tab = await Tab.open(browser)
    await tab.page.goto(city.link)
    await expect(tab.page.locator(".station")).to_have_count(24)

    await tab.page.reload()
    await expect(tab.page.locator(".station")).to_have_count(24)
    other = await tab.context.new_page()
    await other.goto(city.rest_url)

    await expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert tab.complaints == []


async def test_pasted_admin_token_opens_the_dashboard(browser: Browser, city: City) -> None:
    tab = await Tab.open(browser)
    await tab.page.goto(city.rest_url)
    await tab.page.locator("#token").fill(city.token("admin_001", Role.ADMIN))
    await tab.page.get_by_role("button", name="Open").click()

    await expect(tab.page.locator(".station")).to_have_count(24)
    assert tab.complaints == []


@pytest.mark.parametrize("whose", ["consumer", "forged"])
async def test_token_that_is_no_admins_is_refused(browser: Browser, city: City, whose: str) -> None:
    token = "not.a.token" if whose == "forged" else city.token("consumer_001", Role.CONSUMER)
    tab = await Tab.open(browser)
    await tab.page.goto(city.rest_url)
    await tab.page.locator("#token").fill(token)
    await tab.page.get_by_role("button", name="Open").click()

    heading = tab.page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("This token does not open the dashboard")
    assert await tab.page.evaluate("sessionStorage.length") == 0


async def test_signing_out_forgets_the_token(browser: Browser, city: City) -> None:
    tab = await Tab.open(browser)
    await tab.page.goto(city.link)
    await tab.page.get_by_role("button", name="Sign out").click()

    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert await tab.page.evaluate("sessionStorage.length") == 0
    assert tab.complaints == []
