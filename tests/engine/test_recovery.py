"""Connection state recovery, as PROTOCOL section 5 has it, where Node's is known to fail."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from engine_support import Running, Serve, eventually
from recovery_support import WINDOW_S, back, lose, recovered, values


@pytest.fixture
async def hub(serve: Serve) -> Running:
    return await serve(recovery_window=WINDOW_S)


async def test_connect_carries_pid_and_events_their_offset_last(hub: Running) -> None:
    raw = await hub.joined()
    assert set(raw.connected) == {"sid", "pid"}
    await hub.server.emit("one", {"a": 1})
    await hub.server.emit("two")
    first, second = await raw.event(), await raw.event()
    assert first[:2] == ["one", {"a": 1}]
    assert second[0] == "two"
    assert isinstance(first[2], str)
    assert isinstance(second[1], str)
    assert first[2] != second[1]


async def test_missed_events_come_first_and_in_order_then_live_ones(hub: Running) -> None:
    raw = await hub.joined()
    sid = raw.connected["sid"]
    await hub.server.enter_room(sid, "room")
    await hub.server.emit("seen", 0, room="room")
    offset = (await raw.event())[-1]
    await lose(hub, raw)
    await hub.server.emit("missed", 1, room="room")
    await hub.server.emit("missed", 2, to=sid)
    await hub.server.emit("missed", 3)
    await hub.server.emit("other", "not mine", room="elsewhere")
    await hub.server.emit("missed", 4, room=["elsewhere", "room", sid])
    await hub.server.emit("missed", b"5", room="room")
    await hub.server.emit("skipped", "no", room="room", skip_sid=sid)

    again = await back(hub, raw, offset)
    await hub.server.emit("live", 6, room="room")

    assert recovered(raw, again)
    assert await values(again, 4) == [1, 2, 3, 4]
    header = await again.receive()
    assert header.startswith('451-["missed",{"_placeholder":true,"num":0},"')
    assert await again.receive() == b"5"
    assert await values(again, 1) == [6]
    assert hub.server.stats()["recovered"] == 1


async def test_session_is_valid_before_any_event_was_received(hub: Running) -> None:
    raw = await hub.joined()
    await lose(hub, raw)
    await hub.server.emit("missed", 1)
    again = await back(hub, raw)
    assert recovered(raw, again)
    assert await values(again, 1) == [1]


async def test_event_in_the_first_moment_is_not_lost(hub: Running) -> None:
    """It was emitted inside the connect handler, but the connection broke right after CONNECT."""

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        await hub.server.enter_room(sid, "room")
        if not hub.server.recovered(sid):
            await hub.server.emit("welcome", 1, room="room")

    raw = await hub.raw()
    await raw.send("40")
    raw.connected = json.loads((await raw.receive())[2:])
    await lose(hub, raw)
    again = await back(hub, raw)
    assert recovered(raw, again)
    assert await values(again, 1) == [1]


async def test_session_can_be_used_many_times(hub: Running) -> None:
    raw = await hub.joined()
    offset = None
    for number in range(5):
        await lose(hub, raw)
        await hub.server.emit("missed", number)
        again = await back(hub, raw, offset)
        assert recovered(raw, again)
        event = await again.event()
        assert event[1] == number
        offset, raw = event[-1], again
        assert await raw.silent(0.02)


async def test_reconnect_before_the_server_notices_takes_over_and_lasts(serve: Serve) -> None:
    hub = await serve(recovery_window=WINDOW_S, ping_interval=0.2, ping_timeout=0.1)
    reasons: list[str] = []
    hub.server.on("disconnect", lambda sid, reason: reasons.append(reason))
    raw = await hub.joined()
    await hub.server.emit("seen", 0)
    offset = (await raw.event())[-1]

    again = await back(hub, raw, offset)

    assert recovered(raw, again)
    assert await raw.closed(within_s=1) == 1000
    assert reasons == ["transport close"]
    await hub.server.emit("live", 1)
    assert await values(again, 1) == [1]
    # The old socket's ping timeout passes; the next recovery works all the same.
    async with asyncio.timeout(2):
        for _ in range(3):
            assert await again.receive(pings=True) == "2"
            await again.send("3")
    await lose(hub, again)
    third = await back(hub, again)
    assert recovered(again, third)


async def test_recovery_works_at_once_and_while_rooms_change(hub: Running) -> None:
    raw = await hub.joined()
    sid = raw.connected["sid"]
    await hub.server.enter_room(sid, "early")
    await hub.server.emit("before", 1, room="late")
    await hub.server.enter_room(sid, "late")
    await lose(hub, raw)
    await hub.server.emit("missed", 2, room="late")
    again = await back(hub, raw)
    assert recovered(raw, again)
    assert hub.server.rooms(sid) == [sid, "early", "late"]
    assert await values(again, 1) == [2]
    assert await again.silent(0.02)


async def test_events_of_a_room_left_since_are_not_lost_and_none_follow(hub: Running) -> None:
    raw = await hub.joined()
    sid = raw.connected["sid"]
    await hub.server.enter_room(sid, "room")
    raw.socket.transport.pause_reading()
    await hub.server.emit("missed", 1, room="room")
    await hub.server.leave_room(sid, "room")
    await hub.server.emit("missed", 2, room="room")
    await lose(hub, raw)
    again = await back(hub, raw)
    assert recovered(raw, again)
    assert await values(again, 1) == [1]
    assert await again.silent(0.02)


async def test_events_during_the_connect_handler_come_once_and_in_order(hub: Running) -> None:
    proceed, entered = asyncio.Event(), asyncio.Event()

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        if hub.server.recovered(sid):
            entered.set()
            await proceed.wait()

    raw = await hub.joined()
    await hub.server.enter_room(raw.connected["sid"], "room")
    await lose(hub, raw)
    await hub.server.emit("missed", 1, room="room")
    again = await hub.raw()
    await again.send("40" + json.dumps({"pid": raw.connected["pid"]}))
    await entered.wait()
    await hub.server.emit("missed", 2, room="room")
    await hub.server.emit("missed", 3)
    proceed.set()
    assert (await again.receive()).startswith("40")
    await hub.server.emit("live", 4, room="room")
    assert await values(again, 4) == [1, 2, 3, 4]
    assert await again.silent(0.02)


async def test_leaving_on_purpose_ends_the_session(hub: Running) -> None:
    raw = await hub.joined()
    await raw.send("41")
    await eventually(lambda: not hub.server.manager.is_connected(raw.connected["sid"], "/"))
    assert not recovered(raw, await back(hub, raw))
    other = await hub.joined()
    await hub.server.disconnect(other.connected["sid"])
    assert not recovered(other, await back(hub, other))


async def test_acknowledged_events_are_not_replayed(hub: Running) -> None:
    raw = await hub.joined()
    await lose(hub, raw)
    await hub.server.emit("ask", 1, to=raw.connected["sid"], callback=lambda *args: None)
    again = await back(hub, raw)
    assert recovered(raw, again)
    assert await again.silent(0.02)


async def test_return_while_the_disconnect_handler_still_runs_waits_for_it(hub: Running) -> None:
    proceed, log = asyncio.Event(), []

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        log.append("connect")

    @hub.server.event
    async def disconnect(sid: str, reason: str) -> None:
        await proceed.wait()
        log.append("disconnect")

    raw = await hub.joined()
    await lose(hub, raw)
    returning = asyncio.create_task(back(hub, raw))
    await eventually(lambda: len(hub.server.manager.everybody()) == 2)
    await hub.server.emit("missed", 1)
    proceed.set()
    again = await returning
    assert recovered(raw, again)
    assert log == ["connect", "disconnect", "connect"]
    assert await values(again, 1) == [1]
    await hub.server.emit("live", 2)
    assert await values(again, 1) == [2]


async def test_two_returns_at_once_end_as_one(hub: Running) -> None:
    """Both wait until the old socket's handlers are done; the later one takes over from the earlier."""
    proceed, ends = asyncio.Event(), []

    @hub.server.event
    async def disconnect(sid: str, reason: str) -> None:
        ends.append(reason)
        await proceed.wait()

    old = await hub.joined()
    sid = old.connected["sid"]
    await hub.server.enter_room(sid, "room")
    first, second = await hub.raw(), await hub.raw()
    for raw in (first, second):
        await raw.send("40" + json.dumps({"pid": old.connected["pid"]}))
        await eventually(lambda raw=raw: "/" in hub.server.eio.sockets[raw.open["sid"]].clients)
    await eventually(lambda: len(ends) == 1)
    proceed.set()

    await eventually(lambda: ends == ["transport close"] * 2)
    await eventually(lambda: len(hub.server.manager.everybody()) == 1)
    last = next(iter(hub.server.eio.sockets))
    winner = first if first.open["sid"] == last else second
    assert json.loads((await winner.receive())[2:]) == old.connected
    await hub.server.emit("live", 1, room="room")
    assert await values(winner, 1) == [1]
    assert await winner.silent(0.02)
    assert [client.sid for client in hub.server.manager.everybody()] == [sid]
