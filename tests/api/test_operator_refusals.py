"""Operators' operations about what is not there, and with forms that have a fault: nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.test_filling import DOORS, STATION
from tests.api.test_operator_attacks import PACK, PARTNER, USER
from tests.support.hub import RunningHub
from tests.support.people import Door

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def hub(shared_hub: RunningHub) -> RunningHub:
    return shared_hub


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("station:close", {"station_id": "nowhere"}),
        ("station:open", {"station_id": "nowhere"}),
        ("station:batteries", {"station_id": "nowhere"}),
        ("battery:get", {"battery_id": "nothing"}),
        ("credits:history", {"user_id": "nobody"}),
        ("battery:save", {"battery_id": "b", "holder": {"kind": "slot", "id": "nowhere"}}),
        ("battery:save", {"battery_id": "b", "holder": {"kind": "rider", "id": "nobody"}}),
        ("battery:save", {"battery_id": "b", "holder": {"kind": "van", "id": "nobody"}}),
        ("battery:save", {"battery_id": "b", "holder": {"kind": "partner", "id": "nowhere"}}),
        ("user:save", {"user_id": "u", "role": "staff", "name": "U", "station_id": "nowhere"}),
    ],
)
async def test_what_is_not_there_is_not_found(
    hub: RunningHub, event: str, payload: dict[str, Any], door: Door
) -> None:
    assert (await hub.admin().ask(door, event, payload)).code == "not_found"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("event", "payload", "path"),
    [
        ("station:save", {**STATION, "capacity": 0}, "capacity"),
        ("station:save", {**STATION, "bays": 0}, "bays"),
        ("station:save", {**STATION, "slots": 501}, "slots"),
        ("station:save", {**STATION, "location": {"lat": 91, "lng": 0}}, "location.lat"),
        ("station:save", {**STATION, "name": "  "}, "name"),
        ("station:save", {**STATION, "station_id": "a b"}, "station_id"),
        ("partner:save", {**PARTNER, "capacity": -1}, "capacity"),
        ("battery:save", {**PACK, "soc": 101}, "soc"),
        ("battery:save", {**PACK, "state": "exploded"}, "state"),
        ("battery:save", {**PACK, "holder": {"kind": "slot"}}, "holder"),
        ("battery:save", {**PACK, "holder": {"kind": "cloud", "id": "x"}}, "holder.kind"),
        ("user:save", {**USER, "role": "king"}, "role"),
        ("user:save", {**USER, "vehicle": {"model": "x"}}, "vehicle.id"),
        ("battery:get", {"battery_id": "b", "cursor": "x"}, "cursor"),
        ("credits:history", {"user_id": "admin_001", "cursor": "x" * 257}, "cursor"),
    ],
)
async def test_a_form_with_a_fault_is_refused_where_the_fault_is(
    hub: RunningHub, event: str, payload: dict[str, Any], path: str, door: Door
) -> None:
    answer = await hub.admin().ask(door, event, payload)

    assert (answer.code, answer.paths) == ("validation_failed", [path])
