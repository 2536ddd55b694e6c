"""Jobs, staff, incidents and tickets: live in the page, and an operator acts on them from there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from services.states import TicketStatus
from tests.dashboard.chromium import Tab
from tests.dashboard.city import City, running_city
from tests.dashboard.conftest import OpenTab
from tests.dashboard.desk import Desk
from tests.dashboard.wire import wire

HERE, THERE = "station_003", "station_011"


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    """Vans may go anywhere at once."""
    async with running_city(tmp_path / "data", gps_max_speed_mps=0) as city:
        yield city


@pytest.fixture
def desk(city: City) -> Desk:
    return Desk(city)


async def go(page: Page, board: str) -> None:
    await page.locator(f".tabs a[href='#{board}']").click()


async def test_a_job_is_ordered_followed_and_cancelled_in_the_page(
    city: City, desk: Desk, open_tab: OpenTab
) -> None:
    tab = await open_tab()
    page, rows = tab.page, tab.page.locator(".cards tbody tr")
    await go(page, "jobs")
    await expect(page.locator(".list .empty")).to_contain_text("No packs are on their way")

    await page.get_by_role("button", name="New job").click()
    await page.get_by_label("From", exact=True).select_option(f"station {HERE}")
    await page.get_by_label("To", exact=True).select_option("partner shop_001")
    await page.get_by_label("Packs", exact=True).fill("150")
    await page.get_by_role("button", name="Order it").click()
    refused = page.get_by_role("dialog").get_by_role("alert")
    await expect(refused).to_contain_text("No charged battery can be promised at this station now.")
    await expect(refused.locator("code")).to_have_text("no_battery")
    await page.get_by_label("Packs", exact=True).fill("3")
    await page.get_by_role("button", name="Order it").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("On offer")
    (job,) = await city.records.now.transport_jobs.find({})
    assert (len(job.battery_ids), job.target.id, job.created_by) == (3, "shop_001", "admin_001")

    told = {"job_id": job.id, "from": job.source.model_dump(), "battery_ids": job.battery_ids}
    driver = desk.driver(1)
    await desk.accepted(told, driver)
    await expect(rows).to_contain_text("To the packs")
    user = await city.records.now.users.get(driver.id)
    assert user
    await expect(rows.locator(".is-carrier")).to_have_text(user.name)
    await desk.at(driver, told["from"], off=0.02)
    await expect(rows.locator("[data-left]")).to_have_attribute("data-left", "2224")
    await desk.at(driver, told["from"])
    await expect(rows.locator("[data-left]")).to_have_attribute("data-left", "22")

    await rows.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Cancel the job", exact=True).click()
    await expect(rows).to_have_count(0)
    await expect(page.locator(".feed .rows")).to_contain_text("was cancelled")
    assert tab.complaints == []


async def test_somebody_is_sent_after_a_second_look_and_followed(desk: Desk, open_tab: OpenTab) -> None:
    tab = await open_tab()
    page = tab.page
    await go(page, "staff")
    person = page.locator("[data-id=staff_005]")
    name = await person.locator("b").inner_text()
    await person.get_by_role("button", name="Send").click()
    await page.get_by_label("To", exact=True).select_option(THERE)
    await page.get_by_label("Reason").fill("A long queue")
    await page.get_by_role("button", name="Next").click()
    review = page.locator(".review")
    await expect(review).to_contain_text(f"Ask {name} to go from Indiranagar to")
    assert await desk.city.records.now.diversions.count({}) == 0
    await page.get_by_role("button", name="Ask them").click()

    part = page.locator(".list", has_text="Diversions").locator("tbody tr").first
    await expect(part).to_contain_text("Asked")
    await expect(person.get_by_role("button", name="Send")).to_have_count(0)
    (asked,) = await desk.city.records.now.diversions.find({})
    await desk.answered({"diversion_id": asked.diversion_id}, 5)
    await expect(part).to_contain_text("On the way")
    await expect(person.locator(".is-duty")).to_contain_text("on the way")
    await expect(page.locator("[data-alone]")).to_have_count(0)

    await page.locator("[data-id=staff_006]").get_by_role("button", name="Send").click()
    await page.get_by_label("To", exact=True).select_option(THERE)
    await page.get_by_label("Reason").fill("More")
    await page.get_by_role("button", name="Next").click()
    await page.get_by_role("button", name="Ask them").click()
    await expect(page.get_by_role("dialog").locator("code")).to_have_text("not_enough_staff")
    assert tab.complaints == []


async def test_a_ticket_is_acknowledged_given_away_and_resolved(desk: Desk, open_tab: OpenTab) -> None:
    tab = await open_tab()
    page = tab.page
    await go(page, "incidents")
    await desk.fault(HERE)
    incident = page.locator(".list", has_text="Incidents").locator("tbody tr")
    await expect(incident).to_contain_text("Charger fault")
    await expect(incident.locator("[data-run=running]")).to_contain_text("Restart charger")

    await desk.fault(HERE, severity="critical")
    await expect(incident.locator(".level")).to_have_attribute("data-level", "3")
    await expect(incident.locator("[data-opinion]")).to_contain_text("that a person is needed")
    ticket = page.locator(".list", has_text="Tickets").locator("tbody tr")
    clock = ticket.locator("[data-clock=acknowledge]")
    await expect(clock).to_contain_text("4:5")
    shown = await clock.locator("b").inner_text()
    await expect(clock.locator("b")).not_to_have_text(shown)  # it counts down

    await _work_on(desk)  # without a word: the page cannot know
    await ticket.get_by_role("button", name="Acknowledge").click()
    refused = page.get_by_role("alert").locator("code")
    await expect(refused).to_have_text("conflict")
    await page.get_by_role("button", name="Close the message").click()
    await expect(refused).to_have_count(0)
    await _work_on(desk, TicketStatus.OPEN)
    await ticket.get_by_role("button", name="Acknowledge").click()
    await expect(clock).to_have_attribute("data-state", "met")
    await ticket.get_by_role("button", name="Assign").click()
    await page.get_by_label("Assigned to").select_option("staff_005")
    await page.get_by_role("button", name="Assign", exact=True).click()
    await expect(ticket.locator(".is-who")).not_to_have_text("nobody")
    await ticket.get_by_role("button", name="Resolve").click()
    await page.get_by_label("What was done").fill("Changed the fuse")
    await page.get_by_role("button", name="Resolve", exact=True).click()
    await expect(ticket).to_have_count(0)
    await expect(incident).to_have_count(0)
    await expect(page.locator(".list .empty").first).to_contain_text("nothing waits for a person")
    (kept,) = await desk.city.records.now.tickets.find({})
    assert (kept.status, kept.assignee, kept.notes[-1].text) == ("resolved", "staff_005", "Changed the fuse")
    assert tab.complaints == []


async def _work_on(desk: Desk, status: TicketStatus = TicketStatus.IN_PROGRESS) -> None:
    (ticket,) = await desk.city.records.now.tickets.find({})
    async with desk.city.records.transaction() as tx:
        await tx.tickets.replace(ticket.changed(status=status))


@pytest.mark.parametrize("window", [120, None], ids=["recovered", "joined anew"])
async def test_what_changed_while_the_wire_was_cut_is_there_afterwards(
    browser: Browser, tmp_path: Path, window: int | None
) -> None:
    tab = await Tab.open(browser)
    settings: dict[str, Any] = {"gps_max_speed_mps": 0}
    if window is None:
        settings["recovery_window_seconds"] = 0
    async with (
        wire() as (line, port),
        running_city(tmp_path / "data", public_socket_url=f"http://127.0.0.1:{port}", **settings) as city,
    ):
        line.target = city.hub.socket_port
        desk, page = Desk(city), tab.page
        gone, stays = (
            await desk.job("station_001", "station_002"),
            await desk.job("station_005", "station_009"),
        )
        await page.goto(city.link)
        await expect(page.locator(".link strong")).to_have_text("Live")
        await go(page, "jobs")
        rows = page.locator(".cards tbody tr")
        await expect(rows).to_have_count(2)

        line.cut()
        await expect(page.locator(".link strong")).to_have_text("Reconnecting")
        await desk.done(desk.admin, "job:cancel", job_id=gone["job_id"])
        await desk.aboard(stays, desk.driver(3))
        await desk.fault(HERE, severity="critical")
        await desk.answered(await desk.asked(5, THERE), 5)
        await expect(rows).to_have_count(2)
        line.mend()

        await expect(page.locator(".link strong")).to_have_text("Live", timeout=15_000)
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("On the road")
        gap = page.locator(".feed .row[data-kind=gap]")
        await expect(gap).to_have_count(1 if window is None else 0)
        await go(page, "incidents")
        await expect(page.locator("tbody tr")).to_have_count(2)
        await go(page, "staff")
        await expect(page.locator("[data-id=staff_005] .is-where")).to_have_text("Banashankari")
        await tab.context.close()
    assert all("WebSocket connection" in complaint for complaint in tab.complaints), tab.complaints


async def test_a_part_of_the_page_has_an_address_a_title_and_a_way_by_keyboard(
    city: City, desk: Desk, open_tab: OpenTab
) -> None:
    tab = await open_tab()
    page = tab.page
    urgent, first = await desk.job(HERE, THERE, 2, priority=5), await desk.job(HERE, THERE, 1)
    await page.goto(f"{city.rest_url}/#jobs")
    await page.reload()
    await expect(page.locator("tbody tr")).to_have_count(2)
    await expect(page).to_have_title("Jobs · NavSwap Hub")
    await expect(page.locator(".tabs [aria-current=page]")).to_contain_text("Jobs")

    head = page.locator("thead .is-priority")
    for order, job in (("descending", urgent), ("ascending", first)):
        await head.get_by_role("button").focus()
        await page.keyboard.press("Enter")
        await expect(head).to_have_attribute("aria-sort", order)
        await expect(page.locator("tbody tr").first).to_have_attribute("data-id", job["job_id"])
    await page.get_by_role("button", name="Cancel the job").first.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    assert await page.evaluate("document.activeElement.closest('dialog') !== null")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert (await page.evaluate("document.activeElement.textContent")).startswith("Cancel")

    await page.go_back()
    await expect(page.locator(".stations")).to_be_visible()
    assert tab.complaints == []
