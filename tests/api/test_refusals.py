"""Each refused input gets its code, through both doors, and the hub goes on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.hub import RunningHub
from tests.support.people import Door, Person
from tests.support.raw import raw_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")
DOORS: tuple[Door, ...] = ("socket", "rest")
BIG = "x" * 1_000_000

REFUSED: list[tuple[str, str, dict[str, Any], str, list[str] | None]] = [
    # who, operation, payload, code, paths
    ("rider", "queue:confirm", {}, "validation_failed", ["station_id"]),
    ("rider", "queue:confirm", {"station_id": 5}, "validation_failed", ["station_id"]),
    ("rider", "queue:confirm", {"station_id": None}, "validation_failed", ["station_id"]),
    ("rider", "queue:confirm", {"station_id": ""}, "validation_failed", ["station_id"]),
    ("rider", "queue:confirm", {"station_id": "a b"}, "validation_failed", ["station_id"]),
    ("rider", "queue:confirm", {"station_id": "x" * 65}, "validation_failed", ["station_id"]),
    ("rider", "queue:confirm", {"station_id": BIG}, "payload_too_large", None),
    ("rider", "queue:confirm", {"station_id": "station_999"}, "not_found", None),
    (
        "rider",
        "queue:confirm",
        {"battery_level": 101, "location": {"lat": 91, "lng": "x"}},
        "validation_failed",
        ["station_id", "location.lat", "location.lng", "battery_level"],
    ),
    (
        "rider",
        "queue:confirm",
        {"station_id": "s", "battery_level": "50"},
        "validation_failed",
        ["battery_level"],
    ),
    ("rider", "queue:confirm", {"request_id": "x" * 65}, "validation_failed", ["station_id", "request_id"]),
    ("rider", "queue:still-coming", {"coming": "yes"}, "validation_failed", ["coming"]),
    ("rider", "queue:leave", {}, "not_found", None),
    ("rider", "waitlist:join", {}, "validation_failed", ["station_id"]),
    ("rider", "waitlist:join", {"station_id": "station_999"}, "not_found", None),
    ("rider", "waitlist:join", {"station_id": "station_001"}, "conflict", None),  # there is a free place
    ("rider", "waitlist:leave", {"station_id": 7}, "validation_failed", ["station_id"]),
    ("rider", "waitlist:leave", {}, "not_found", None),
    ("staff", "waitlist:join", {"station_id": "station_001"}, "forbidden", None),
    ("rider", "queue:walk-in", {"name": "Asha"}, "forbidden", None),
    ("admin", "queue:walk-in", {"name": "Asha"}, "forbidden", None),
    ("staff", "queue:walk-in", {}, "validation_failed", [""]),
    ("staff", "queue:walk-in", {"name": "  "}, "validation_failed", ["name"]),
    ("staff", "queue:walk-in", {"user_id": "nobody", "name": "Asha"}, "not_found", None),
    ("rider", "gps:ping", {"lat": 90.5, "lng": -181}, "validation_failed", ["lat", "lng"]),
    ("rider", "gps:ping", {"lat": 1, "lng": 1, "at": "yesterday"}, "validation_failed", ["at"]),
    ("rider", "gps:ping", {"lat": 1, "lng": 1, "at": "2026-11-24T10:00:00"}, "validation_failed", ["at"]),
    (
        "rider",
        "gps:batch",
        {"pings": [{"lat": 1}, {"lng": 1}]},
        "validation_failed",
        ["pings.0.lng", "pings.1.lat"],
    ),
    ("rider", "gps:batch", {"pings": [{"lat": 1, "lng": 1}] * 501}, "validation_failed", ["pings"]),
    ("rider", "qr:verify", {"token": "x"}, "forbidden", None),
    ("rider", "station:list", {"limit": 0}, "validation_failed", ["limit"]),
    ("rider", "station:list", {"limit": 201}, "validation_failed", ["limit"]),
    ("rider", "station:nearest", {"lat": 12}, "validation_failed", ["lng"]),
    ("rider", "recommend:optimal", {"lat": 12}, "validation_failed", [""]),
    ("rider", "swap:get", {"swap_id": "nothing"}, "not_found", None),
    ("rider", "swap:history", {"user_id": "consumer_other"}, "forbidden", None),
    ("rider", "qr:image", {"token": "forged.token"}, "token_invalid", None),
    ("staff", "qr:verify", {"token": "x"}, "token_invalid", None),
    ("staff", "qr:verify", {"token": "x" * 1025}, "validation_failed", ["token"]),
    ("staff", "qr:verify", {"token": "x", "station_id": "elsewhere"}, "forbidden", None),
    ("staff", "queue:confirm", {}, "forbidden", None),  # the role comes before the payload
    ("staff", "swap:complete", {}, "validation_failed", None),
    ("staff", "swap:cancel", {"swap_id": "nothing", "reason": "jam"}, "not_found", None),
    ("device", "station:telemetry", {"station_id": "elsewhere"}, "forbidden", None),
    ("admin", "queue:mine", {}, "forbidden", None),
]


@pytest.fixture
def hub(shared_hub: RunningHub) -> RunningHub:
    return shared_hub


async def _caller(hub: RunningHub, who: str) -> Person:
    station = await hub.station()
    people = {
        "rider": hub.rider,
        "admin": hub.admin,
        "staff": lambda: hub.staff(station),
        "device": lambda: hub.device(station),
    }
    return await people[who]().ready()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("who", "event", "payload", "code", "paths"),
    REFUSED,
    ids=[f"{row[1]}-{number}" for number, row in enumerate(REFUSED)],
)
async def test_refused_input_gets_its_code(
    hub: RunningHub,
    door: Door,
    who: str,
    event: str,
    payload: dict[str, Any],
    code: str,
    paths: list[str] | None,
) -> None:
    caller = await _caller(hub, who)

    answer = await caller.ask(door, event, payload)

    assert answer.code == code
    if paths is not None:
        assert answer.paths == paths
    if code == "validation_failed":
        assert answer.error
        assert all(problem["message"] for problem in answer.error.details)
    assert (await caller.ask(door, "station:list")).ok


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("a", "b"), ""),
        ([1, 2], ""),
        ("text", ""),
        (7, ""),
        (b"bytes", ""),
        ({"station_id": b"bytes"}, "station_id"),
    ],
)
async def test_malformed_event_arguments_are_refused(hub: RunningHub, arguments: Any, path: str) -> None:
    answer = await hub.rider().call("queue:confirm", arguments)

    assert (answer.code, answer.paths) == ("validation_failed", [path])


@pytest.mark.parametrize("arguments", [None, "", {}])
async def test_an_absent_null_or_empty_argument_is_an_empty_object(hub: RunningHub, arguments: Any) -> None:
    rider = await hub.rider().connect()

    answer = await rider.socket.call("queue:mine", arguments)

    assert answer == {"ok": True, "data": None}


@pytest.mark.parametrize("event", ["nothing:there", "queue", "x" * 500, "message", "hub:session"])
async def test_an_unknown_event_is_not_found(hub: RunningHub, event: str) -> None:
    rider = hub.rider()

    assert (await rider.call(event, {"a": 1})).code == "not_found"
    assert (await rider.call("queue:mine")).ok


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"7", b'"text"', b'{"lat": NaN, "lng": 1}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 2000],
)
async def test_a_rest_body_that_is_no_object_is_refused(hub: RunningHub, body: bytes) -> None:
    answer = await hub.rider().rest("POST", "/location/update", body)

    assert (answer.code, answer.status) == ("validation_failed", 422)


@pytest.mark.parametrize("depth", [100, 900, 1000])
async def test_deep_nesting_in_an_event_is_answered(hub: RunningHub, depth: int) -> None:
    rider = await hub.rider().ready()
    deep = '{"a":' * depth + "1" + "}" * depth

    async with raw_socket(hub, rider.token) as socket:
        (answer,) = await socket.call(f'["queue:confirm",{deep}]')
        (after,) = await socket.call('["queue:mine"]')

    assert answer["error"]["code"] == "validation_failed"
    assert after == {"ok": True, "data": None}


async def test_whole_numbers_may_be_written_with_a_point(hub: RunningHub) -> None:
    station = await hub.station()

    assert (await hub.rider().confirm(station, battery_level=55.0)).ok
    assert (await hub.rider().confirm(station, battery_level=55.5)).code == "validation_failed"


async def test_unknown_fields_are_ignored(hub: RunningHub) -> None:
    assert (await hub.rider().confirm(await hub.station(), colour="green")).ok


# -- REST's own forms


async def test_an_unknown_route_is_a_problem(hub: RunningHub) -> None:
    answer = await hub.rider().rest("GET", "/nothing/there")
    assert (answer.status, answer.code) == (404, "not_found")


async def test_another_method_is_a_problem_that_names_the_right_one(hub: RunningHub) -> None:
    answer = await hub.rider().rest("DELETE", "/queue/confirm")
    assert answer.status == 405
    assert answer.headers is not None
    assert "POST" in answer.headers["Allow"]


async def test_a_body_too_large_is_a_problem(hub: RunningHub) -> None:
    answer = await hub.rider().rest("POST", "/queue/confirm", b" " * 1_500_000)
    assert (answer.status, answer.code) == (413, "payload_too_large")


async def test_a_problem_has_the_form_of_rfc_9457(hub: RunningHub) -> None:
    rider = await hub.rider().ready()
    headers = {"Authorization": f"Bearer {rider.token}"}
    async with hub.http.post(f"{hub.rest_url}/queue/leave", headers=headers) as answer:
        said = await answer.json(content_type="application/problem+json")

    assert said == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such thing, or it is not yours to see.",
        "code": "not_found",
        "details": {"user_id": rider.id},
    }
