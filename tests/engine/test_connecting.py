"""CONNECT: who may join, what its handler is told, and what leaves behind the answer."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

import pytest
import socketio
from engine_support import Serve, eventually


async def test_connect_answers_only_sid_and_passes_auth_and_environ(serve: Serve) -> None:
    seen: list[Any] = []
    hub = await serve()

    @hub.server.event
    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        seen.append((sid, environ["HTTP_X_TEST"], environ["REMOTE_ADDR"], auth))

    raw = await hub.raw(additional_headers={"X-Test": "yes"})
    answer = await raw.join(auth={"token": "t"})

    assert list(answer) == ["sid"]
    assert seen == [(answer["sid"], "yes", "127.0.0.1", {"token": "t"})]
    assert raw.open == {
        "sid": raw.open["sid"],
        "upgrades": [],
        "pingInterval": 25000,
        "pingTimeout": 20000,
        "maxPayload": 1_000_000,
    }


async def test_connect_handler_without_auth_argument_is_called(serve: Serve) -> None:
    hub = await serve()
    seen = []
    hub.server.on("connect", lambda sid, environ: seen.append(sid))

    raw = await hub.joined()

    assert seen == [raw.connected["sid"]]


@pytest.mark.parametrize("error", [socketio.exceptions.ConnectionRefusedError, ConnectionRefusedError])
async def test_refused_connect_answers_message_and_data(serve: Serve, error: type[Exception]) -> None:
    hub = await serve()

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        raise error("unauthenticated", {"code": "unauthenticated", "message": "no token"})

    raw = await hub.raw()
    await raw.send("40")

    assert await raw.receive() == (
        '44{"message":"unauthenticated","data":{"code":"unauthenticated","message":"no token"}}'
    )


async def test_connect_handler_that_returns_false_or_raises_refuses(serve: Serve) -> None:
    hub = await serve()
    answers = iter([False, ZeroDivisionError])

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> Any:
        answer = next(answers)
        if answer is ZeroDivisionError:
            raise ZeroDivisionError
        return answer

    for _ in range(2):
        raw = await hub.raw()
        await raw.send("40")
        assert await raw.receive() == '44{"message":"Connection rejected by server"}'


async def test_emits_inside_connect_leave_after_connect_in_order(serve: Serve) -> None:
    hub = await serve()

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        await hub.server.emit("first", 1, to=sid)
        await hub.server.enter_room(sid, "room")
        await asyncio.sleep(0)
        await hub.server.emit("second", 2, room="room")
        await hub.server.emit("third", b"x", to=sid)

    raw = await hub.joined()

    assert await raw.event() == ["first", 1]
    assert await raw.event() == ["second", 2]
    assert await raw.receive() == '451-["third",{"_placeholder":true,"num":0}]'
    assert await raw.receive() == b"x"


async def test_first_event_after_connect_is_a_segment_of_its_own(serve: Serve) -> None:
    hub = await serve()

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        await hub.server.emit("first", 1, to=sid)

    raw = await hub.raw()
    found = raw.socket.transport.get_extra_info("socket")
    raw.socket.transport.pause_reading()
    copy = socket.socket(fileno=os.dup(found.fileno()))
    with copy:
        copy.setblocking(False)
        await raw.send("40")
        first = await asyncio.get_running_loop().sock_recv(copy, 65536)
        second = await asyncio.get_running_loop().sock_recv(copy, 65536)
    assert first[2:6] == b'40{"'
    assert b"first" not in first
    assert second[2:] == b'42["first",1]'


async def test_pre_connected_client_gets_no_broadcast(serve: Serve) -> None:
    hub = await serve()
    proceed = asyncio.Event()
    entered = asyncio.Event()

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        if auth == {"slow": True}:
            entered.set()
            await proceed.wait()

    other = await hub.joined()
    raw = await hub.raw()
    await raw.send('40{"slow":true}')
    await entered.wait()
    await hub.server.emit("news", 1)
    assert await other.event() == ["news", 1]
    proceed.set()

    assert (await raw.receive()).startswith("40")
    assert await raw.silent()


async def test_unknown_namespace_is_refused(serve: Serve) -> None:
    hub = await serve()
    raw = await hub.raw()
    await raw.send("40/random")
    assert await raw.receive() == '44/random,{"message":"Invalid namespace"}'


async def test_client_that_leaves_during_its_connect_handler_is_disconnected(serve: Serve) -> None:
    hub = await serve()
    proceed, entered = asyncio.Event(), asyncio.Event()
    reasons: list[str] = []
    hub.server.on("disconnect", lambda sid, reason: reasons.append(reason))

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        entered.set()
        await proceed.wait()

    raw = await hub.raw()
    await raw.send("40")
    await entered.wait()
    await raw.socket.close()
    await eventually(lambda: hub.server.stats()["connections"] == 0)
    proceed.set()

    await eventually(lambda: reasons == ["transport close"])


async def test_always_connect_sends_connect_first_and_disconnect_on_refusal(serve: Serve) -> None:
    hub = await serve(always_connect=True)
    hub.server.on("connect", lambda sid, environ, auth: False)
    raw = await hub.joined()
    assert (await raw.receive()).startswith("41")


async def test_no_connect_packet_closes_at_the_connect_timeout(serve: Serve) -> None:
    hub = await serve(connect_timeout=0.1)
    raw = await hub.raw()
    assert await raw.closed() == 1000


async def test_namespaces_of_one_connection_are_bounded(serve: Serve) -> None:
    hub = await serve(namespaces="*")
    raw = await hub.raw()
    await raw.send(*[f"40/{number}," for number in range(101)])
    assert await raw.closed() == 1002
    assert not hub.server.manager.everybody()


async def test_what_waits_for_a_connect_handler_is_bounded(serve: Serve) -> None:
    hub = await serve(max_backpressure_bytes=100_000)
    proceed, entered = asyncio.Event(), asyncio.Event()

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        await hub.server.enter_room(sid, "room")
        entered.set()
        await proceed.wait()

    raw = await hub.raw()
    await raw.send("40")
    await entered.wait()
    for _ in range(110):
        await hub.server.emit("state", "x" * 1000, room="room")
    assert await raw.closed() == 3008
    proceed.set()
    await eventually(lambda: not hub.server.manager.everybody())
