"""A rider's day in a clock of its own: every way that a place in a queue can end."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from hub.demo import rider as riders
from hub.demo.fate import SHARES, Fate
from hub.demo.place import LOOK_EVERY_S
from hub.demo.rider import HOME_SOC, LOW_SOC, Rider
from hub.demo.staff import Line
from hub.demo.vehicle import FASTEST_SEEN_MPS, PING_EVERY_S, Vehicle
from services.base import Location
from services.geo import distance_m
from tests.unit.demo.days import FakeHub, ok, passes, placed, refused

NOON = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
STATION = Location(lat=12.9755, lng=77.6068)
OPTIONS = ok({"items": [{"station_id": "station_001"}, {"station_id": "station_002"}]})


def hub_with_a_place(**more: Any) -> FakeHub:
    """The first station of the list is full; there is no open entry."""

    def confirm(station_id: str, **_: Any) -> dict[str, Any]:
        return ok(placed()) if station_id == "station_002" else refused("queue_full")

    return FakeHub(**{"recommend": lambda **_: OPTIONS, "queue_confirm": confirm} | more)


class Someone:
    """A rider in Jayanagar with an almost empty pack, and the line at MG Road."""

    def __init__(self, hub: FakeHub, *, fate: Fate = Fate.COMES, soc: float = 20, factor: float = 4) -> None:
        self.hub = hub
        self.line = Line()
        rng = random.Random(3)
        client: Any = hub
        self.vehicle = Vehicle(client, factor=factor, rng=rng)
        self.vehicle.here, self.vehicle.soc = Location(lat=12.9308, lng=77.5838), soc
        lines = {"station_002": self.line}
        self.rider = Rider(client, self.vehicle, lines, factor=factor, rng=rng, now=lambda: NOON)
        self.fate = fate

    async def step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(riders, "draw", lambda _: self.fate)
        await self.rider.step()

    async def staff(self, soc: float | None) -> Any:
        visit = await self.line.get()
        shown = visit.token()
        visit.end(soc)
        return visit, shown

    async def called(self) -> None:
        """As the hub does once it has seen the rider at the station."""
        await self.hub.until(lambda: distance_m(STATION, self.vehicle.here) < 1)
        await self.hub.send("queue:called", entry_id="entry_1")


def test_low_rider_takes_the_next_best_station_rides_there_and_swaps(monkeypatch: pytest.MonkeyPatch) -> None:
    someone = Someone(hub_with_a_place())

    async def life() -> Any:
        _, served, _ = await asyncio.gather(someone.step(monkeypatch), someone.staff(97.5), someone.called())
        return served

    visit, shown = passes(life())
    assert someone.hub.events() == ["recommend", "queue:confirm", "queue:confirm"]
    assert someone.hub.asked[1][1]["battery_level"] == 20
    assert (visit.swap_id, shown, visit.is_stuck) == ("swap_1", "token_1", False)
    assert visit.soc < 20  # it was ridden on
    assert someone.vehicle.soc == 97.5
    assert distance_m(someone.vehicle.here, STATION) < 1


@pytest.mark.parametrize("factor", [1, 4, 50])
def test_pings_come_every_two_seconds_and_below_the_speed_rule(
    monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    someone = Someone(hub_with_a_place(), factor=factor)

    async def life() -> None:
        await asyncio.gather(someone.step(monkeypatch), someone.staff(97.5), someone.called())

    passes(life())
    on_the_way = someone.hub.told[:-1]  # the last one is sent when the call is heard
    assert len(on_the_way) > 20
    for a, b in pairwise(on_the_way):
        assert b["at"] - a["at"] == pytest.approx(PING_EVERY_S)
        metres = distance_m(*(Location(lat=fix["lat"], lng=fix["lng"]) for fix in (a, b)))
        assert metres / PING_EVERY_S < FASTEST_SEEN_MPS + 10  # the receiver's blur beside the ride


def test_nobody_has_a_place_then_the_rider_tries_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = hub_with_a_place(queue_confirm=lambda **_: refused("no_battery"))
    someone = Someone(hub)
    passes(someone.step(monkeypatch))
    assert hub.events() == ["recommend", "queue:confirm", "queue:confirm"]
    assert hub.told == []


def test_charged_rider_rests_and_rides_without_asking_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    someone = Someone(FakeHub(), soc=LOW_SOC + 10)
    passes(someone.step(monkeypatch))
    assert someone.hub.events() == []
    assert someone.vehicle.soc < LOW_SOC + 10


def test_rider_who_leaves_gives_the_place_back_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    someone = Someone(hub_with_a_place(), fate=Fate.LEAVES)
    passes(someone.step(monkeypatch))
    assert someone.hub.events()[-1] == "queue:leave"
    assert distance_m(someone.vehicle.here, STATION) > 500


def test_late_rider_answers_that_they_come_and_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    someone = Someone(hub_with_a_place(), fate=Fate.COMES_LATE)

    async def asked() -> None:
        await someone.hub.until(lambda: len(someone.hub.told) == 5)
        await someone.hub.send("queue:still-coming", entry_id="entry_1")

    async def life() -> None:
        await asyncio.gather(someone.step(monkeypatch), someone.staff(96), someone.called(), asked())

    passes(life())
    assert ("queue:still-coming", {"coming": True}) in someone.hub.asked
    assert someone.vehicle.soc == 96


@pytest.mark.parametrize(("fate", "answers"), [(Fate.SAYS_NO, [False]), (Fate.STAYS_AWAY, [])])
def test_no_show_waits_for_the_end_at_home(
    monkeypatch: pytest.MonkeyPatch, fate: Fate, answers: list[bool]
) -> None:
    taken: list[int] = []
    hub = hub_with_a_place(queue_mine=lambda **_: ok(placed() if taken else taken.append(1)))
    someone = Someone(hub, fate=fate)

    async def hold() -> None:
        await asyncio.sleep(1500)
        await hub.send("queue:still-coming", entry_id="entry_1")
        await asyncio.sleep(300)
        await hub.send("queue:ended", entry_id="another", state="no_show")
        assert someone.vehicle.soc < HOME_SOC
        await hub.send("queue:ended", entry_id="entry_1", state="no_show")

    async def life() -> None:
        await asyncio.gather(someone.step(monkeypatch), hold())

    passes(life())
    assert [told["coming"] for event, told in hub.asked if event == "queue:still-coming"] == answers
    assert someone.vehicle.soc == HOME_SOC
    assert hub.told == []


@pytest.mark.parametrize(("left", "served"), [(None, False), (placed("arrived"), True)])
def test_what_was_not_heard_while_the_connection_was_lost_is_seen_by_looking(
    monkeypatch: pytest.MonkeyPatch, left: dict[str, Any] | None, served: bool
) -> None:
    """Nothing is sent at all: neither the call nor the end."""
    looks = iter([None, placed("arrived", position=2), left])
    hub = hub_with_a_place(queue_mine=lambda **_: ok(next(looks)))
    someone = Someone(hub)

    async def life() -> float:
        if served:
            await asyncio.gather(someone.step(monkeypatch), someone.staff(99))
        else:
            await someone.step(monkeypatch)
        return asyncio.get_running_loop().time() - hub.told[0]["at"]

    assert passes(life()) > 2 * LOOK_EVERY_S
    assert (someone.vehicle.soc == 99) is served
    assert "queue:renew-qr" not in hub.events()


@pytest.mark.parametrize(("state", "stuck"), [("arrived", False), ("active", True)])
def test_place_from_before_a_restart_is_given_up(
    monkeypatch: pytest.MonkeyPatch, state: str, stuck: bool
) -> None:
    hub = FakeHub(queue_mine=lambda **_: ok(placed(state)))
    someone = Someone(hub)

    async def life() -> Any:
        if stuck:
            return (await asyncio.gather(someone.step(monkeypatch), someone.staff(None)))[1]
        await someone.step(monkeypatch)
        return None

    served = passes(life())
    assert hub.events() == ([] if stuck else ["queue:leave"])
    assert served is None or served[0].is_stuck


def test_a_fault_of_one_step_does_not_end_the_day(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    someone = Someone(FakeHub())
    steps: list[int] = []

    async def step() -> None:
        steps.append(1)
        if len(steps) == 3:
            raise asyncio.CancelledError
        raise KeyError("surprise")

    monkeypatch.setattr(someone.rider, "step", step)

    async def life() -> None:
        with pytest.raises(asyncio.CancelledError):
            await someone.rider.live()

    passes(life())
    assert len(steps) == 3
    assert caplog.text.count("surprise") >= 2


def test_most_riders_come() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    assert SHARES[Fate.COMES] > 0.8
    assert {fate for fate in Fate if fate.is_no_show} == {Fate.SAYS_NO, Fate.STAYS_AWAY}
