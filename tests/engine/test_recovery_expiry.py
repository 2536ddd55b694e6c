"""`on_session_expired`: the application learns that a client will not be recovered any more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from engine_support import Running, Serve, eventually
from recovery_support import WINDOW_S, back, lose, recovered


def listen(hub: Running) -> list[Any]:
    """What the application is told."""
    told: list[Any] = []

    @hub.server.on_session_expired
    async def expired(sid: str, namespace: str, user_session: Any) -> None:
        await asyncio.sleep(0)
        told.append((sid, namespace, user_session))

    return told


async def test_lost_client_expires_once_and_its_user_session_is_told(serve: Serve) -> None:
    hub = await serve(recovery_window=0.05)
    told = listen(hub)
    raw, other = await hub.joined(), await hub.joined()
    await hub.server.save_session(raw.connected["sid"], {"user": "Asha"})
    await lose(hub, raw)
    await eventually(lambda: bool(told))
    assert hub.server.recovery.prune() == 0
    assert told == [(raw.connected["sid"], "/", {"user": "Asha"})]
    assert not recovered(raw, await back(hub, raw))
    assert hub.server.manager.is_connected(other.connected["sid"], "/")


async def test_session_that_gives_way_to_others_expires(serve: Serve) -> None:
    hub = await serve(recovery_window=WINDOW_S, recovery_max_sessions=1)
    told = listen(hub)
    first, second = await hub.joined(), await hub.joined()
    await lose(hub, first)
    await lose(hub, second)
    await eventually(lambda: bool(told))
    assert told == [(first.connected["sid"], "/", {})]


async def test_who_comes_back_or_leaves_on_purpose_does_not_expire(serve: Serve) -> None:
    hub = await serve(recovery_window=0.05)
    told = listen(hub)
    back_in_time, leaving, sent_away, lost = [await hub.joined() for _ in range(4)]
    await leaving.send("41")
    await hub.server.disconnect(sent_away.connected["sid"])
    taken_over = await back(hub, back_in_time)
    assert recovered(back_in_time, taken_over)
    await lose(hub, lost)
    await eventually(lambda: bool(told))
    assert [sid for sid, _, _ in told] == [lost.connected["sid"]]


async def test_handler_that_fails_is_counted_and_the_next_is_told(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    hub = await serve(recovery_window=0.05)
    told: list[str] = []

    def expired(sid: str, _namespace: str, _user_session: Any) -> None:
        told.append(sid)
        raise ZeroDivisionError

    hub.server.on_session_expired(expired)
    raws = [await hub.joined() for _ in range(2)]
    for raw in raws:
        await lose(hub, raw)
    await eventually(lambda: len(told) == 2)
    assert hub.server.stats()["handler_errors"] == 2
    assert "ZeroDivisionError" in caplog.text
