"""What goes wrong at a station of the demo, and who puts it right."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from hub.demo import controller as controllers
from hub.demo.controller import Controller
from hub.demo.desk import BEGUN_S, NOTICED_S, REPAIRED_S, Desk, Inspector
from tests.unit.demo.days import FakeHub, ok, passes, refused

COMMAND = {"incident_id": "incident_1", "command": "unlock_slot"}


def at_station(hub: FakeHub) -> Controller:
    client: Any = hub
    return Controller(client, station_id="station_001", factor=10, rng=random.Random(2))


@pytest.mark.parametrize("helps", [1.0, 0.0])
def test_a_command_that_helps_is_reported_as_the_faults_end(
    monkeypatch: pytest.MonkeyPatch, helps: float
) -> None:
    monkeypatch.setattr(controllers, "HELPS", helps)
    hub = FakeHub(fault_report=lambda **_: ok({"incident_id": "incident_1"}))

    async def life() -> None:
        await at_station(hub).fail()
        await hub.send("device:command", **COMMAND)

    passes(life())
    first, *rest = [payload for _, payload in hub.asked]
    assert first["severity"] in ("low", "medium", "high", "critical")
    assert rest == ([{**first, "cleared": True}] if helps else [])


def test_a_command_about_somebody_elses_report_is_not_answered() -> None:
    hub = FakeHub()

    async def life() -> None:
        at_station(hub)
        await hub.send("device:command", **COMMAND)

    passes(life())
    assert hub.asked == []


def test_faults_come_again_and_again() -> None:
    hub = FakeHub(fault_report=lambda **_: ok({"incident_id": "incident_1"}))

    async def life() -> None:
        task = asyncio.ensure_future(at_station(hub).live())
        await asyncio.sleep(24 * 3600)
        task.cancel()

    passes(life())
    assert 20 < len(hub.asked) < 70  # forty a day at ten times the speed, on the average


def ticket(status: str, battery_id: str | None = None, kind: str = "battery_fault") -> dict[str, Any]:
    return {"ticket_id": "ticket_1", "status": status, "battery_id": battery_id, "kind": kind}


def worked(hub: FakeHub, admin: FakeHub) -> float:
    """One look of the desk at its tickets; answers how long it took, in city seconds."""
    client, inspecting = (hub, admin)  # type: Any, Any

    async def life() -> float:
        desk = Desk(client, Inspector(inspecting), station_id="station_001", factor=10, rng=random.Random(2))
        await desk.step()
        return asyncio.get_running_loop().time() * 10

    return passes(life())


@pytest.mark.parametrize(
    ("status", "moves"),
    [
        ("open", ["acknowledged", "in_progress", "resolved"]),
        ("acknowledged", ["in_progress", "resolved"]),
    ],
)
def test_a_ticket_is_worked_on_to_its_end_and_its_pack_is_let_go(status: str, moves: list[str]) -> None:
    hub = FakeHub(
        ticket_list=lambda **asked: ok(
            {"items": [ticket(status, "battery_1")] if asked["status"] == status else []}
        )
    )
    admin = FakeHub()
    took_s = worked(hub, admin)

    assert [payload["status"] for event, payload in hub.asked if event == "ticket:update"] == moves
    assert admin.asked == [("battery:save", {"battery_id": "battery_1", "state": "charging"})]
    assert BEGUN_S[0] + REPAIRED_S[0] <= took_s <= NOTICED_S[1] + BEGUN_S[1] + REPAIRED_S[1]


def test_a_pack_that_was_searched_for_in_vain_is_written_off() -> None:
    open_ones = [ticket("open", "battery_1", "pack_missing")]
    hub = FakeHub(ticket_list=lambda **asked: ok({"items": open_ones if asked["status"] == "open" else []}))
    admin = FakeHub()
    worked(hub, admin)
    assert admin.asked == [
        ("battery:save", {"battery_id": "battery_1", "holder": {"kind": "lost", "id": "lost"}})
    ]


def test_a_pack_stays_out_of_use_while_its_ticket_is_not_resolved() -> None:
    hub = FakeHub(
        ticket_list=lambda **asked: ok(
            {"items": [ticket("open", "battery_1")] if asked["status"] == "open" else []}
        ),
        ticket_update=lambda **_: refused("conflict"),
    )
    admin = FakeHub()
    worked(hub, admin)
    assert admin.asked == []
