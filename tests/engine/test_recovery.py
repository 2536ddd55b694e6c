"""Connection state recovery: every rule of PROTOCOL section 5, and each way Node's is known to fail."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from engine_support import Raw, Running, Serve, eventually
from node_runs import MODULES, NODE, needs_node, run

WINDOW_S = 5.0


@pytest.fixture
async def hub(serve: Serve) -> Running:
    return await serve(recovery_window=WINDOW_S)


async def lose(hub: Running, raw: Raw) -> None:
    """Cut the connection without a word, and wait until the server has noticed."""
    sid = raw.open["sid"]
    raw.socket.transport.abort()
    await eventually(lambda: sid not in hub.server.eio.sockets)


async def back(hub: Running, raw: Raw, offset: str | None = None, **auth: Any) -> Raw:
    """Come back as the official client does."""
    found = await hub.raw()
    sent = {"pid": raw.connected["pid"], **auth}
    if offset is not None:
        sent["offset"] = offset
    await found.join(auth=sent)
    return found


def recovered(before: Raw, after: Raw) -> bool:
    """As the official client decides it."""
    same = before.connected["pid"] == after.connected["pid"]
    assert same == (before.connected["sid"] == after.connected["sid"])
    return same


async def values(raw: Raw, count: int) -> list[Any]:
    """First arguments of the next events."""
    return [(await raw.event())[1] for _ in range(count)]


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


async def test_window_ends_after_the_last_sign_of_life(serve: Serve) -> None:
    hub = await serve(recovery_window=0.1)
    raw = await hub.joined()
    await lose(hub, raw)
    await asyncio.sleep(0.12)  # the window itself
    again = await back(hub, raw)
    assert not recovered(raw, again)
    assert hub.server.stats()["not_recovered"] == 1


async def test_quiet_client_recovers_though_the_stream_has_moved_on(serve: Serve) -> None:
    hub = await serve(recovery_window=WINDOW_S, recovery_max_events=10)
    raw = await hub.joined()
    await hub.server.enter_room(raw.connected["sid"], "quiet")
    await hub.server.emit("seen", 0, room="quiet")
    offset = (await raw.event())[-1]
    for number in range(100):
        await hub.server.emit("noise", number, room="loud")
    await lose(hub, raw)
    again = await back(hub, raw, offset)
    assert recovered(raw, again)


async def test_partial_replay_never_happens(serve: Serve) -> None:
    hub = await serve(recovery_window=WINDOW_S, recovery_max_events=10)
    raw = await hub.joined()
    await lose(hub, raw)
    for number in range(11):
        await hub.server.emit("missed", number)
    again = await back(hub, raw)
    assert not recovered(raw, again)
    assert await again.silent(0.02)


async def test_more_missed_than_a_client_may_be_owed_is_not_recovered(serve: Serve) -> None:
    hub = await serve(recovery_window=WINDOW_S, max_backpressure_bytes=10_000)
    raw = await hub.joined()
    await lose(hub, raw)
    for _ in range(10):
        await hub.server.emit("missed", "x" * 1000)
    again = await back(hub, raw)
    assert not recovered(raw, again)


async def test_droppable_events_have_no_offset_and_are_not_replayed(hub: Running) -> None:
    raw = await hub.joined()
    await hub.server.emit("gps", {"lat": 1}, droppable=True)
    assert await raw.event() == ["gps", {"lat": 1}]
    await lose(hub, raw)
    await hub.server.emit("gps", {"lat": 2}, droppable=True)
    again = await back(hub, raw)
    assert recovered(raw, again)
    assert await again.silent(0.02)


async def test_droppable_event_that_ends_with_a_string_leaves_the_clients_offset_right(hub: Running) -> None:
    raw = await hub.joined()
    await hub.server.emit("state", 1)
    await hub.server.emit("note", "a string", droppable=True)
    state, note = await raw.event(), await raw.event()
    offset = note[-1]  # what the official client keeps: the last argument, when it is a string
    assert offset == state[-1]
    await lose(hub, raw)
    await hub.server.emit("missed", 2)
    again = await back(hub, raw, offset)
    assert recovered(raw, again)
    assert await values(again, 1) == [2]


@pytest.mark.parametrize("offset", ["hello", "", "-1", "x-1", "999", "٣", None, 7, {"a": 1}])
async def test_forged_offsets_and_pids_are_not_recovered(hub: Running, offset: Any) -> None:
    raw = await hub.joined()
    await hub.server.emit("seen", 0)
    good = (await raw.event())[-1]
    await lose(hub, raw)
    forged = await hub.raw()
    await forged.join(
        auth={"pid": raw.connected["pid"], "offset": offset if offset is not None else good + "9"}
    )
    assert not recovered(raw, forged)
    for pid in ("unknown", 7, ["x"], {"a": 1}):
        other = await hub.raw()
        await other.join(auth={"pid": pid, "offset": good})
        assert other.connected["pid"] not in ("unknown", raw.connected["pid"])
    assert recovered(raw, await back(hub, raw, good))


async def test_offsets_in_the_payload_for_handlers_with_a_fixed_number_of_arguments(hub: Running) -> None:
    seen: list[Any] = []

    def prepare(client: Any) -> None:
        client.on("news", lambda payload: seen.append(payload))
        client.on("empty", lambda payload: seen.append(payload))
        client.on("plain", lambda payload: seen.append(payload))

    client = await hub.client(prepare=prepare, auth={"offsets": "payload"})
    official = await hub.joined()
    await hub.server.enter_room(client.get_sid(), "room")
    await hub.server.enter_room(official.connected["sid"], "room")
    await hub.server.emit("news", {"a": 1}, room="room")
    await hub.server.emit("empty", {}, to=client.get_sid())
    await hub.server.emit("plain", "text", room="room")
    await eventually(lambda: len(seen) == 3)
    offset = (await official.event())[-1]
    assert seen[0] == {"offset": offset, "a": 1}
    assert list(seen[1]) == ["offset"]
    assert seen[2] == "text"


async def test_payload_offsets_are_kept_when_a_client_comes_back(hub: Running) -> None:
    raw = await hub.joined(auth={"offsets": "payload"})
    await lose(hub, raw)
    await hub.server.emit("missed", {"a": 1})
    again = await back(hub, raw, offsets="payload")
    event = await again.event()
    assert event == ["missed", {"offset": event[1]["offset"], "a": 1}]
    await lose(hub, again)
    third = await back(hub, again, event[1]["offset"], offsets="payload")
    assert recovered(again, third)
    assert await third.silent(0.02)


async def test_session_event_is_the_first_event_and_tells_pid_and_window(serve: Serve) -> None:
    hub = await serve(recovery_window=WINDOW_S, session_event="hub:session")

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        await hub.server.emit("early", 1, to=sid)

    raw = await hub.joined()
    told = {"pid": raw.connected["pid"], "recovered": False, "window_seconds": WINDOW_S}
    assert await raw.event() == ["hub:session", told]
    assert await values(raw, 1) == [1]
    await lose(hub, raw)
    await hub.server.emit("missed", 2)
    again = await back(hub, raw)
    assert await again.event() == ["hub:session", {**told, "recovered": True}]
    assert await values(again, 3) == [1, 2, 1]


async def test_connect_handler_always_runs_and_knows_the_recovery(hub: Running) -> None:
    seen: list[Any] = []

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        async with hub.server.session(sid) as session:
            seen.append((sid, hub.server.recovered(sid), session.get("user")))
            session["user"] = "Asha"

    raw = await hub.joined()
    await lose(hub, raw)
    await back(hub, raw)
    sid = raw.connected["sid"]
    assert seen == [(sid, False, None), (sid, True, "Asha")]


async def test_refused_return_leaves_the_session_for_a_good_token(hub: Running) -> None:
    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        if auth and auth.get("token") == "bad":
            raise ConnectionRefusedError("unauthenticated", {"code": "unauthenticated"})

    raw = await hub.joined()
    await lose(hub, raw)
    await hub.server.emit("missed", 1)
    refused = await hub.raw()
    await refused.send("40" + json.dumps({"pid": raw.connected["pid"], "token": "bad"}))
    assert (await refused.receive()).startswith("44")
    await hub.server.emit("missed", 2)
    again = await back(hub, raw)
    assert recovered(raw, again)
    assert await values(again, 2) == [1, 2]


async def test_rights_of_each_room_are_checked_again(hub: Running) -> None:
    asked: list[Any] = []

    async def check(environ: Any, auth: Any, rooms: frozenset[str], session: Any) -> Any:
        asked.append((rooms, session))
        return None if auth.get("token") == "stranger" else [room for room in rooms if room != "secret"]

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        await hub.server.save_session(sid, {"user": "Asha"})

    hub.server.recovery_check = check
    raw = await hub.joined()
    sid = raw.connected["sid"]
    await hub.server.enter_room(sid, "secret")
    await hub.server.enter_room(sid, "open")
    await lose(hub, raw)
    await hub.server.emit("missed", 1, room="secret")
    await hub.server.emit("missed", 2, room="open")

    stranger = await back(hub, raw, token="stranger")
    assert not recovered(raw, stranger)
    again = await back(hub, raw)

    assert recovered(raw, again)
    assert await values(again, 1) == [2]
    assert hub.server.rooms(sid) == [sid, "open"]
    await hub.server.emit("secret", 3, room="secret")
    assert await again.silent(0.02)
    assert asked == [(frozenset(("secret", "open")), {"user": "Asha"})] * 2


async def test_failing_check_does_not_recover(hub: Running) -> None:
    async def check(*_args: Any) -> Any:
        raise ZeroDivisionError

    hub.server.recovery_check = check
    raw = await hub.joined()
    await lose(hub, raw)
    assert not recovered(raw, await back(hub, raw))


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


async def test_sessions_and_stream_are_bounded(serve: Serve) -> None:
    hub = await serve(recovery_window=WINDOW_S, recovery_max_sessions=3, recovery_max_bytes=20_000)
    raws = [await hub.joined() for _ in range(5)]
    for raw in raws:
        await lose(hub, raw)
    assert [recovered(raw, await back(hub, raw)) for raw in raws] == [False, False, True, True, True]
    for _ in range(200):
        await hub.server.emit("state", "x" * 1000)
    recovery = hub.server.recovery
    assert recovery.size <= 20_000
    assert len(recovery._stream) < 20
    assert sum(map(len, recovery._by_key.values())) == len(recovery._stream)


async def test_old_sessions_and_events_are_forgotten_in_time(serve: Serve) -> None:
    hub = await serve(recovery_window=0.05, ping_interval=0.1, ping_timeout=0.1)
    raw = await hub.joined()
    await hub.server.emit("state", 1)
    await lose(hub, raw)
    recovery = hub.server.recovery
    await eventually(lambda: recovery.prune() >= 0 and not recovery._sessions and not recovery._stream)
    assert recovery.size == 0


async def test_a_storm_of_returns_costs_each_client_only_what_it_missed(hub: Running) -> None:
    """1,000 sessions, 20,000 events of which each concerns one client: not clients times events."""
    recovery, server = hub.server.recovery, hub.server
    raw = await hub.joined()
    client = server.manager.client(raw.connected["sid"], "/")
    sessions = []
    for number in range(1000):
        session = recovery.begin(client)
        session.rooms[f"room{number}"] = 0
        sessions.append(session)
    for number in range(20_000):
        await server.emit("state", number, room=f"room{number % 1000}")
    begin = time.perf_counter()
    missed = [recovery.missed(session, None, session.rooms) for session in sessions]
    assert [len(found or ()) for found in missed] == [20] * 1000
    assert time.perf_counter() - begin < 0.5


async def test_polling_client_recovers_over_websocket(hub: Running) -> None:
    client = await hub.client(transports=("polling",))
    session = hub.server.manager.client(client.get_sid(), "/").session
    await client.eio.disconnect(abort=True)
    raw = await hub.raw()
    await raw.join(auth={"pid": session.pid})
    assert raw.connected["sid"] == session.sid


@needs_node
async def test_official_client_reports_recovered(hub: Running) -> None:
    assert MODULES.exists()
    server = hub.server

    @server.event
    async def lose_me(sid: str) -> None:
        client = server.manager.client(sid, "/")
        await server.enter_room(sid, "room")
        await server.emit("state", 1, room="room")
        server.eio.end_socket(client.connection.ws, 1011, b"test")
        client.connection.lost("transport close")
        await server.emit("state", 2, room="room")
        await server.emit("note", "text", room="room")

    code, output = await run("node", str(NODE / "recovery.js"), hub.url, cwd=NODE)
    assert code == 0, output
    assert json.loads(output) == {
        "recovered": [False, True, True],
        "same": True,
        "seen": [["state", 1], ["state", 2], ["note", "text"], ["state", 1], ["state", 2], ["note", "text"]],
    }
