"""Transporters of the demo and the admin who orders jobs: offers, packs and full shelves."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.demo import van as vans
from hub.demo.planner import ENOUGH, FEW, MANY, MOST_CARRIED, STORED, Planner
from hub.demo.van import STALLED_S, Van
from hub.demo.vehicle import Vehicle
from services.base import Location
from services.geo import distance_m
from tests.unit.demo.days import FakeHub, ok, passes, refused

NOON = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
FROM, TO = {"lat": 12.9755, "lng": 77.6068}, {"lat": 12.9784, "lng": 77.6408}


def job(state: str = "assigned", **more: Any) -> dict[str, Any]:
    packs = ["battery_1", "battery_2"]
    ends = {"from": {"location": FROM}, "to": {"location": TO}}
    return {"job_id": "job_1", "state": state, "battery_ids": packs, "loaded_ids": packs, **ends, **more}


def transporter(hub: FakeHub) -> Van:
    client: Any = hub
    rng = random.Random(5)
    vehicle = Vehicle(client, factor=60, rng=rng)
    vehicle.here = Location(lat=12.9308, lng=77.5838)
    return Van(
        client, vehicle, user_id="transporter_001", factor=60, rng=rng, now=lambda: NOON, look_every_s=60
    )


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody declines, stalls or forgets a pack."""
    for share in ("DECLINES", "STALLS", "FORGETS_ONE"):
        monkeypatch.setattr(vans, share, 0.0)


def hub_with_an_offer(**more: Any) -> FakeHub:
    answers: dict[str, Any] = {
        "job_history": lambda **_: ok({"items": []}),
        "job_available": lambda **_: ok({"items": [{"job_id": "job_1"}]}),
        "job_accept": lambda **_: ok(job()),
        "job_pickup": lambda **_: ok(job("in_transit")),
    }
    return FakeHub(**{**answers, **more})


@pytest.mark.usefixtures("steady")
def test_an_offer_is_carried_from_the_packs_to_where_they_go() -> None:
    hub = hub_with_an_offer()
    van = transporter(hub)
    passes(van.step())
    assert hub.events() == ["job:history", "job:available", "job:accept", "job:pickup", "job:complete"]
    assert dict(hub.asked)["job:complete"]["battery_ids"] == ["battery_1", "battery_2"]
    assert distance_m(van.vehicle.here, Location(**TO)) < 1


@pytest.mark.usefixtures("steady")
def test_a_pushed_offer_is_answered_at_once() -> None:
    hub = hub_with_an_offer(job_accept=lambda **_: refused("job_taken"))

    async def life() -> None:
        van = transporter(hub)
        await hub.send("job:offered", job_id="job_7")
        await van.step()

    passes(life())
    assert hub.asked[-1] == ("job:accept", {"job_id": "job_7"})


@pytest.mark.usefixtures("steady")
def test_packs_from_before_a_restart_are_brought_first() -> None:
    hub = hub_with_an_offer(job_history=lambda **_: ok({"items": [job("in_transit")]}))
    passes(transporter(hub).step())
    assert hub.events() == ["job:history", "job:complete"]


@pytest.mark.usefixtures("steady")
def test_packs_of_which_none_is_fit_are_left_and_the_job_given_back() -> None:
    hub = hub_with_an_offer(job_pickup=lambda **_: refused("wrong_battery"))
    passes(transporter(hub).step())
    assert hub.events()[-2:] == ["job:pickup", "job:release"]


@pytest.mark.usefixtures("steady")
def test_packs_wait_in_the_van_until_there_is_room() -> None:
    tries: list[int] = []

    def complete(**_: Any) -> dict[str, Any]:
        tries.append(1)
        return ok(job("delivered")) if len(tries) == 3 else refused("conflict")

    passes(transporter(hub_with_an_offer(job_complete=complete)).step())
    assert len(tries) == 3


def test_some_offers_are_declined_and_some_jobs_are_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vans, "STALLS", 0.0)
    monkeypatch.setattr(vans, "DECLINES", 1.0)
    declining = hub_with_an_offer()
    passes(transporter(declining).step())
    assert declining.events()[-1] == "job:decline"

    monkeypatch.setattr(vans, "DECLINES", 0.0)
    monkeypatch.setattr(vans, "STALLS", 1.0)
    stalling = hub_with_an_offer()

    async def life() -> float:
        await transporter(stalling).step()
        return asyncio.get_running_loop().time()

    assert passes(life()) >= STALLED_S
    assert stalling.events()[-1] == "job:accept"


# -- the planner


def planned(charged: list[int], stored: list[int]) -> dict[str, Any] | None:
    """The job that is ordered for stations with so many packs and partners with so many."""
    stations = [{"id": f"s{at}", "charged_batteries": packs} for at, packs in enumerate(charged)]
    partners = [{"partner_id": f"p{at}", "stored": packs} for at, packs in enumerate(stored)]
    hub = FakeHub(
        station_list=lambda **_: ok({"items": stations}), partner_list=lambda **_: ok({"items": partners})
    )
    client: Any = hub
    passes(Planner(client, factor=1).plan())
    return next((payload for event, payload in hub.asked if event == "job:create"), None)


def _ids(ordered: dict[str, Any] | None) -> tuple[str, str, int] | None:
    return ordered and (ordered["from"]["id"], ordered["to"]["id"], ordered["battery_count"])


@pytest.mark.parametrize(
    ("charged", "stored", "wanted"),
    [
        ([], [], None),
        ([ENOUGH, ENOUGH], [], None),
        ([FEW - 1, ENOUGH + 2, ENOUGH], [], ("s1", "s0", 2)),
        ([FEW - 1, ENOUGH + 99], [9], ("s1", "s0", MOST_CARRIED)),
        ([FEW - 1, ENOUGH], [9], ("p0", "s0", MOST_CARRIED)),
        ([ENOUGH, MANY + 1], [8, 3], ("s1", "p1", MOST_CARRIED)),
        ([ENOUGH, MANY + 1], [STORED, STORED], ("p1", "s0", MOST_CARRIED)),
        ([FEW - 1, ENOUGH], [MOST_CARRIED - 1], None),
    ],
)
def test_packs_are_ordered_to_where_they_are_few(charged: list[int], stored: list[int], wanted: Any) -> None:
    assert _ids(planned(charged, stored)) == wanted
