"""A seeded hub, and a browser that looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.dashboard.chromium import Tab, chromium, require_chromium
from tests.dashboard.city import City, running_city

OpenTab = Callable[..., Awaitable[Tab]]


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    async with running_city(tmp_path / "data") as city:
        yield city


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    require_chromium()
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def open_tab(browser: Browser, city: City) -> OpenTab:
    """Opens the dashboard by a fresh link, and waits until it is live."""

    async def open_tab(**options: object) -> Tab:
        tab = await Tab.open(browser, **options)
        await tab.page.goto(city.link)
        await tab.page.wait_for_selector(".link[data-state=live]")
        await tab.page.wait_for_selector(".station")
        return tab

    return open_tab
