"""Recovery costs a bounded memory, and each return no more than what it missed: never a part of it."""

from __future__ import annotations

import asyncio
import time

import pytest
from engine_support import Running, Serve, eventually
from recovery_support import WINDOW_S, back, lose, recovered

from hub.engine.session import Return


@pytest.fixture
async def hub(serve: Serve) -> Running:
    return await serve(recovery_window=WINDOW_S)


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


async def test_session_lasts_for_as_many_windows_as_its_client_is_there(serve: Serve) -> None:
    """The only event is from before, and nothing was missed since: it recovers, and twice."""
    hub = await serve(recovery_window=0.4, ping_interval=0.1, ping_timeout=0.3)
    raw = await hub.joined()
    await hub.server.emit("early", 1)
    offset = (await raw.event())[-1]
    for _ in range(2):
        for _ in range(6):  # more than a window
            assert await raw.receive(pings=True) == "2"
            await raw.send("3")
        await lose(hub, raw)
        again = await back(hub, raw, offset)
        assert recovered(raw, again)
        raw = again


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
    missed = [recovery.missed(Return(session, None, session.rooms, 1 << 30)) for session in sessions]
    assert [len(found or ()) for found in missed] == [20] * 1000
    assert time.perf_counter() - begin < 0.5


async def test_window_counts_from_the_last_sign_of_life_not_from_its_discovery(serve: Serve) -> None:
    hub = await serve(recovery_window=WINDOW_S, ping_interval=0.1, ping_timeout=0.3)
    raw = await hub.joined()
    session = hub.server.manager.client(raw.connected["sid"], "/").session
    connection = hub.server.eio.sockets[raw.open["sid"]]
    said = time.monotonic()
    await raw.send('42["anything"]')
    await eventually(lambda: connection.closed)  # by its ping timeout
    found = time.monotonic()
    assert found - said > 0.3
    assert said <= session.expires_at - WINDOW_S < said + 0.2


@pytest.mark.parametrize("purpose", [False, True])
async def test_nothing_is_kept_of_clients_that_cannot_come_back(serve: Serve, purpose: bool) -> None:
    """Nor does it cost the others: what is forgotten is known for each target, up to a number of them."""
    hub = await serve(recovery_window=0.05, recovery_max_events=40)
    server, recovery = hub.server, hub.server.recovery
    for number in range(30):
        raw = await hub.joined()
        sid = raw.connected["sid"]
        await server.emit("private", number, to=sid)
        if purpose:
            await server.disconnect(sid)
        else:
            await lose(hub, raw)
    await eventually(lambda: recovery.prune() >= 0 and not recovery._sessions)
    for number in range(50):
        await server.emit("state", number, room="room")
    assert set(recovery._forgotten) == set(recovery._by_key) == {("/", "room")}
