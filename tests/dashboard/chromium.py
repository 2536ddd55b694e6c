"""Debian's Chromium under Playwright, and what a page complained about."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = [
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP: Final = {"width": 1440, "height": 900}
TABLET: Final = {"width": 1024, "height": 768}
PHONE: Final = {"width": 390, "height": 844}
NARROWEST: Final = {"width": 320, "height": 640}  # WCAG 2.2, success criterion 1.4.10


def require_chromium() -> None:
    """Skip with a reason where there is no Chromium; in CI that is a failure."""
    if CHROMIUM.exists():
        return
    reason = f"no Chromium at {CHROMIUM}: apt-get install chromium"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Tab:
    """A page, and everything that it complained about."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    @classmethod
    async def open(cls, browser: Browser, **options: Any) -> Tab:
        context = await browser.new_context(**{"viewport": DESKTOP, "color_scheme": "light", **options})
        context.set_default_timeout(15_000)
        tab = cls(await context.new_page(), context)
        tab.page.on("console", tab._hear)
        tab.page.on("pageerror", lambda error: tab.complaints.append(f"exception: {error}"))
        await tab.page.add_init_script(
            "addEventListener('securitypolicyviolation', (event) =>"
            " console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"
        )
        return tab
