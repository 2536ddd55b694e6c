"""A station of the demo: the people at the bays, and the chargers."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from hub.demo.chargers import AMBIENT_C, CHARGE_PER_MINUTE, Chargers, Pack, rate_at
from hub.demo.guests import Guests
from hub.demo.staff import SERVICE_S, Bay, Line, Visit
from tests.unit.demo.days import FakeHub, ok, passes, refused

SCANNED = ok(
    {"swap_id": "swap_1", "old_battery_id": "old", "assigned_battery": {"id": "new", "soc": 98.5, "slot": 4}}
)
FACTOR = 10.0


async def at_the_bay(hub: FakeHub, *, renewed: bool = True, is_stuck: bool = False) -> float | None:
    """One visit from showing the code to riding on; answers the new pack's state of charge."""
    shown = ["token_1"]

    async def renew() -> bool:
        shown[0] = "token_2"
        return renewed

    line, client = Line(), hub
    bay = Bay(client, line, station_id="station_001", factor=FACTOR, rng=random.Random(1))  # type: ignore[arg-type]
    work = asyncio.ensure_future(bay.work())
    done: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
    line.put_nowait(Visit("swap_1", lambda: shown[0], renew, 12.34, done, is_stuck))
    try:
        return await done
    finally:
        work.cancel()


def test_staff_scan_and_hand_over_the_assigned_pack_after_a_plausible_time() -> None:
    hub = FakeHub(qr_verify=lambda **_: SCANNED)

    async def life() -> float:
        assert await at_the_bay(hub) == 98.5
        return asyncio.get_running_loop().time()

    assert SERVICE_S[0] <= passes(life()) * FACTOR <= SERVICE_S[1]
    done = dict(hub.asked)["swap:complete"]
    assert done.pop("old_battery_health") in ("healthy", "degraded", "faulty", "maintenance")
    assert done == {
        "swap_id": "swap_1", "old_battery_id": "old", "new_battery_id": "new", "old_battery_soc": 12.3,
    }  # fmt: skip


def test_expired_code_is_renewed_and_scanned_once_more() -> None:
    hub = FakeHub(qr_verify=lambda token: SCANNED if token == "token_2" else refused("token_expired"))
    assert passes(at_the_bay(hub)) == 98.5
    assert hub.events() == ["qr:verify", "qr:verify", "swap:complete"]


@pytest.mark.parametrize("code", ["token_invalid", "wrong_station", "token_expired"])
def test_code_that_is_no_good_sends_the_rider_away(code: str) -> None:
    hub = FakeHub(qr_verify=lambda **_: refused(code))
    assert passes(at_the_bay(hub, renewed=False)) is None
    assert hub.events() == ["qr:verify"]


def test_swap_that_cannot_be_completed_is_cancelled_so_that_the_bay_is_free() -> None:
    hub = FakeHub(qr_verify=lambda **_: SCANNED, swap_complete=lambda **_: refused("wrong_battery"))
    assert passes(at_the_bay(hub)) is None
    assert hub.asked[-1] == ("swap:cancel", {"swap_id": "swap_1", "reason": "wrong_battery"})


def test_swap_without_a_pack_is_cancelled() -> None:
    nothing = ok({"swap_id": "swap_1", "old_battery_id": None, "assigned_battery": None})
    hub = FakeHub(qr_verify=lambda **_: nothing)
    assert passes(at_the_bay(hub)) is None
    assert hub.events() == ["qr:verify", "swap:cancel"]


def test_swap_stuck_since_a_restart_is_cancelled_without_a_scan() -> None:
    hub = FakeHub()
    assert passes(at_the_bay(hub, is_stuck=True)) is None
    assert hub.events() == ["swap:cancel"]


def test_a_fault_at_the_bay_ends_the_visit_and_not_the_work(caplog: pytest.LogCaptureFixture) -> None:
    hub = FakeHub(qr_verify=lambda **_: ok({}))
    assert passes(at_the_bay(hub)) is None
    assert "the next one follows" in caplog.text


def test_a_pack_that_vanishes_is_never_read_until_it_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.demo.chargers.VANISHES", 1.0)
    snapshot = ok({"snapshot": {"batteries": [told("a"), told("b")]}})
    staff, device = FakeHub(room_join=lambda **_: snapshot), FakeHub()

    async def life() -> list[set[str]]:
        chargers = Chargers(
            device, staff, station_id="station_001", factor=1, rng=random.Random(1)  # type: ignore[arg-type]
        )  # fmt: skip
        seen = []
        await staff.send("hub:session")
        await staff.send("battery:changed", **told("c"))
        seen.append(set(chargers.packs))
        await staff.send("battery:changed", **told("a", at="consumer_001"))
        await staff.send("battery:changed", **told("a"))
        await staff.send("hub:session")  # the records have both
        seen.append(set(chargers.packs))
        monkeypatch.setattr("hub.demo.chargers.VANISHES", 0.0)
        await staff.send("battery:changed", **told("a", at="consumer_001"))
        await staff.send("battery:changed", **told("a"))
        seen.append(set(chargers.packs))
        return seen

    assert passes(life()) == [{"a", "b"}, {"b"}, {"a", "b"}]


# --- walk-ins


def walked_in(hub: FakeHub, soc: float | None = 97.0) -> list[Visit]:
    """One walk-in; answers the visits that came into the line."""
    seen: list[Visit] = []
    staff: Any = hub

    async def life() -> None:
        line = Line()
        coming = asyncio.ensure_future(
            Guests(staff, line, ["consumer_400"], factor=FACTOR, rng=random.Random(1)).come()
        )
        await asyncio.sleep(1)
        while not line.empty():
            seen.append(line.get_nowait())
            seen[-1].end(soc)
        await coming

    passes(life())
    return seen


def test_a_walk_in_is_scanned_with_the_code_that_staff_were_given() -> None:
    hub = FakeHub(queue_walk__in=lambda **_: ok({"swap_id": "swap_1", "qr_token": "token_1"}))
    (visit,) = walked_in(hub)
    assert hub.asked == [("queue:walk-in", {"user_id": "consumer_400"})]
    assert (visit.swap_id, visit.token(), visit.is_stuck) == ("swap_1", "token_1", False)
    assert not passes(visit.renew())  # type: ignore[arg-type]


def test_a_walk_in_is_sent_away_when_there_is_no_place() -> None:
    assert walked_in(FakeHub(queue_walk__in=lambda **_: refused("queue_full"))) == []


# --- chargers


def test_packs_charge_slower_when_nearly_full_and_never_over() -> None:
    assert rate_at(20) == CHARGE_PER_MINUTE
    assert rate_at(80) == CHARGE_PER_MINUTE
    assert 0 < rate_at(99) < rate_at(90) < CHARGE_PER_MINUTE
    assert rate_at(100) == 0
    pack = Pack(1, 20, 97, is_charging=True)
    levels = []
    for _ in range(200):
        pack.charge(1)
        levels.append(pack.soc)
    assert levels == sorted(levels)
    assert levels[45] < 90 < levels[70]
    assert levels[-1] == 100


def test_packs_warm_up_while_they_charge_and_cool_down_after() -> None:
    pack = Pack(1, 20, 97, is_charging=True)
    pack.charge(30)
    assert AMBIENT_C + 5 < pack.temperature_c < AMBIENT_C + 10
    pack.charge(300)
    assert pack.temperature_c == pytest.approx(AMBIENT_C, abs=0.5)


def test_quarantined_pack_does_not_charge() -> None:
    pack = Pack(1, 20, 97, is_charging=False)
    pack.charge(60)
    assert pack.soc == 20


def told(id: str, *, slot: int = 1, state: str = "charging", soc: float = 50, at: str = "station_001") -> Any:
    holder = {"kind": "slot", "id": at} if at.startswith("station") else {"kind": "rider", "id": at}
    return {"battery_id": id, "slot": slot, "state": state, "soc": soc, "soh": 97.0, "holder": holder}


def test_controller_reports_the_packs_that_are_there_now() -> None:
    """The snapshot, and then what changes: a pack handed out, one taken back, one taken out of use."""
    snapshot = ok({"snapshot": {"batteries": [told("a", soc=98), told("b"), told("c")]}})
    staff, device = FakeHub(room_join=lambda **_: snapshot), FakeHub()

    async def life() -> None:
        chargers = Chargers(
            device, staff, station_id="station_001", factor=1, rng=random.Random(1)  # type: ignore[arg-type]
        )  # fmt: skip
        await chargers.tick(1)
        assert device.asked == []  # nothing is known yet
        await staff.send("hub:session")
        await staff.send("battery:changed", **told("a", at="consumer_001"))
        await staff.send("battery:changed", **told("d", soc=7, slot=9))
        await staff.send("battery:changed", **told("c", state="quarantined"))
        await chargers.tick(1)
        # Our own report comes back as an event; the charger knows better by now.
        await staff.send("battery:changed", **told("b", soc=50))
        await chargers.tick(1)

    passes(life())
    (_, first), (_, second) = device.asked
    assert first["station_id"] == "station_001"
    assert {slot["battery_id"]: slot["soc"] for slot in first["slots"]} == {"b": 51.2, "c": 50, "d": 8.2}
    assert {slot["battery_id"]: slot["soc"] for slot in second["slots"]} == {"b": 52.4, "c": 50, "d": 9.4}
    assert first["slots"][2] == {
        "slot": 9, "battery_id": "d", "soc": 8.2, "soh": 97.0, "temperature_c": pytest.approx(26.9),
    }  # fmt: skip


def test_reports_go_on_after_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    staff, device = FakeHub(), FakeHub(station_telemetry=lambda **_: 1 / 0)  # type: ignore[dict-item,return-value]

    async def life() -> None:
        chargers = Chargers(
            device, staff, station_id="station_001", factor=1, rng=random.Random(1)  # type: ignore[arg-type]
        )  # fmt: skip
        await staff.send("battery:changed", **told("a"))
        report = asyncio.ensure_future(chargers.report())
        await asyncio.sleep(30)
        report.cancel()

    passes(life())
    assert len(device.asked) >= 4
    assert "ZeroDivisionError" in caplog.text
