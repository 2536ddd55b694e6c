"""The one path: deadlines, bugs, conflicts, limits; a caller always gets an answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.errors import Unavailable, WriteConflict
from tests.support.hub import RunningHub
from tests.support.people import Door

DOORS: tuple[Door, ...] = ("socket", "rest")


def _break(hub: RunningHub, monkeypatch: pytest.MonkeyPatch, method: str, step: Any) -> None:
    """Let a method of the queue's service do something else."""
    monkeypatch.setattr(type(hub.hub.services.queue), method, step)


@pytest.mark.parametrize("door", DOORS)
async def test_a_bug_is_internal_with_an_incident_and_without_its_text(
    hub: RunningHub, door: Door, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the password is swordfish")

    _break(hub, monkeypatch, "mine", broken)
    rider = hub.rider()

    answer = await rider.ask(door, "queue:mine")

    assert answer.error
    assert answer.code == "internal"
    assert set(answer.error.details) == {"incident"}
    assert "swordfish" not in str(answer)
    said = capfd.readouterr()
    assert answer.error.details["incident"] in said.out + said.err
    assert (await rider.ask(door, "station:list")).ok


async def test_a_bug_is_not_kept_so_a_retry_may_succeed(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    station, rider = await hub.station(), hub.rider()
    with monkeypatch.context() as patch:

        async def broken(*_: Any, **__: Any) -> None:
            raise RuntimeError

        _break(hub, patch, "confirm", broken)
        assert (await rider.confirm(station, request_id="r")).code == "internal"

    answer = await rider.confirm(station, request_id="r")

    assert (answer.ok, answer.replayed) == (True, False)


async def test_what_a_failed_command_wrote_is_undone(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    station, rider = await hub.station(), hub.rider()
    confirm = type(hub.hub.services.queue).confirm

    async def half(self: Any, *arguments: Any, **more: Any) -> None:
        await confirm(self, *arguments, **more)
        raise Unavailable(store="records")

    with monkeypatch.context() as patch:
        _break(hub, patch, "confirm", half)
        assert (await rider.confirm(station, request_id="r")).code == "unavailable"

    assert await hub.held_batteries(station) == 0
    assert (await rider.call("queue:slots", station_id=station.id)).data["length"] == 0
    assert (await rider.confirm(station, request_id="r")).ok


async def test_a_write_conflict_is_tried_again_and_never_answered(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    station, rider = await hub.station(), hub.rider()
    confirm, tries = type(hub.hub.services.queue).confirm, 0

    async def lose_twice(self: Any, *arguments: Any, **more: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise WriteConflict
        return await confirm(self, *arguments, **more)

    _break(hub, monkeypatch, "confirm", lose_twice)

    assert (await rider.confirm(station, request_id="r")).ok
    assert tries == 3


@pytest.mark.parametrize("door", DOORS)
async def test_what_takes_too_long_is_unavailable(
    make_hub: Any, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await make_hub(command_deadline_seconds=0.2)

    async def slow(*_: Any, **__: Any) -> None:
        await asyncio.sleep(30)

    async def always_lose(*_: Any, **__: Any) -> None:
        raise WriteConflict

    rider = hub.rider()
    for step in (slow, always_lose):
        _break(hub, monkeypatch, "mine", step)
        answer = await rider.ask(door, "queue:mine")
        assert (answer.code, answer.status) == ("unavailable", 503 if door == "rest" else None)


@pytest.mark.parametrize("door", DOORS)
async def test_limits_count_each_class_on_its_own_and_say_when_to_come_again(
    make_hub: Any, door: Door
) -> None:
    hub = await make_hub(rate_limit_per_minute=2)
    rider, other = hub.rider(), hub.rider()

    commands = [await rider.ask(door, "queue:leave") for _ in range(3)]
    reads = [await rider.ask(door, "queue:mine") for _ in range(11)]

    assert [answer.code for answer in commands] == ["not_found", "not_found", "rate_limited"]
    assert [answer.code for answer in reads] == ["ok"] * 10 + ["rate_limited"]
    refused = commands[-1]
    assert refused.error
    assert refused.error.retry_after
    assert 1 <= refused.error.retry_after <= 60
    if refused.headers is not None:
        assert refused.headers["Retry-After"] == str(refused.error.retry_after)
    assert (await other.ask(door, "queue:leave")).code == "not_found"


async def test_a_refusal_by_the_limit_is_not_kept(make_hub: Any) -> None:
    hub = await make_hub(rate_limit_per_minute=1)
    rider = hub.rider()
    await rider.call("queue:leave")

    assert (await rider.call("queue:leave", request_id="r")).code == "rate_limited"
    assert await hub.records.now.kept_answers.count({}) == 0


async def test_a_slow_call_of_one_client_holds_up_nobody_else(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(*_: Any, **__: Any) -> None:
        begun.set()
        await go_on.wait()

    _break(hub, monkeypatch, "mine", wait)
    slow, other = await hub.rider().connect(), await hub.rider().connect()
    waiting = asyncio.create_task(slow.call("queue:mine"))
    await begun.wait()

    assert (await other.call("station:list")).ok
    go_on.set()
    assert (await waiting).ok


async def test_answers_are_counted_by_operation_and_code(hub: RunningHub) -> None:
    rider = hub.rider()
    await rider.call("queue:mine")
    await rider.call("queue:leave")

    page = hub.hub.metrics.page().decode()

    assert 'hub_operations_total{answer="ok",operation="queue:mine"} 1.0' in page
    assert 'hub_operations_total{answer="not_found",operation="queue:leave"} 1.0' in page
    assert "hub_engine_connections 1.0" in page
    assert rider.id not in page
