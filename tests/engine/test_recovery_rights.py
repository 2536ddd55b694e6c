"""Who comes back is asked again: the connect handler runs, and each room is checked with today's token."""

from __future__ import annotations

import json
from typing import Any

import pytest
from engine_support import Running, Serve
from recovery_support import WINDOW_S, back, lose, recovered, values


@pytest.fixture
async def hub(serve: Serve) -> Running:
    return await serve(recovery_window=WINDOW_S)


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
