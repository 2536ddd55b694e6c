"""Events and acknowledgements, both ways: their order, their handlers, their bounds."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from typing import Any

import pytest
import socketio
from engine_support import Serve, eventually

from hub.engine import concurrent
from hub.engine.directory import MAX_CALLBACKS


async def test_events_acknowledge_with_none_one_and_several_values(serve: Serve) -> None:
    hub = await serve()
    hub.server.on("none", lambda sid: None)
    hub.server.on("one", lambda sid, value: value)
    hub.server.on("several", lambda sid, *values: values)
    raw = await hub.joined()

    await raw.send('421["none"]', '422["one",{"a":[1]}]', '423["several",1,"2",null]', '424["unknown"]')

    assert await raw.receive() == "431[]"
    assert await raw.receive() == '432[{"a":[1]}]'
    assert await raw.receive() == '433[1,"2",null]'
    assert await raw.silent()


async def test_binary_goes_both_ways_with_and_without_ack(serve: Serve) -> None:
    hub = await serve()

    @hub.server.event
    async def echo(sid: str, *args: Any) -> Any:
        await hub.server.emit("back", args, to=sid)
        return args

    raw = await hub.joined()
    header = '["echo",{"_placeholder":true,"num":1},{"k":[{"_placeholder":true,"num":0}]}]'
    await raw.send("452-7" + header, b"\x01", b"\x02\x03")

    arguments = '{"_placeholder":true,"num":0},{"k":[{"_placeholder":true,"num":1}]}]'
    assert [await raw.receive() for _ in range(3)] == ['452-["back",' + arguments, b"\x02\x03", b"\x01"]
    assert [await raw.receive() for _ in range(3)] == ["462-7[" + arguments, b"\x02\x03", b"\x01"]


async def test_server_calls_client_and_gets_its_answer(serve: Serve) -> None:
    hub = await serve()
    client = await hub.client(prepare=lambda c: c.on("sum", lambda a, b: a + b))

    assert await hub.server.call("sum", (1, 2), to=client.get_sid(), timeout=2) == 3


async def test_call_inside_a_handler_of_the_same_client_works(serve: Serve) -> None:
    hub = await serve()

    @hub.server.event
    async def ask(sid: str) -> Any:
        return await hub.server.call("name", to=sid, timeout=2)

    client = await hub.client(prepare=lambda c: c.on("name", lambda: "Asha"))

    assert await client.call("ask", timeout=2) == "Asha"


async def test_publish_inside_a_handler_keeps_its_place_before_the_ack(serve: Serve) -> None:
    hub = await serve()

    @hub.server.event
    async def say(sid: str) -> str:
        await hub.server.emit("said", 1)
        await hub.server.emit("direct", 2, to=sid)
        return "done"

    raw = await hub.joined()
    await raw.send('421["say"]')

    assert [await raw.receive() for _ in range(3)] == ['42["said",1]', '42["direct",2]', '431["done"]']


async def test_events_of_a_client_run_in_order_and_one_at_a_time(serve: Serve) -> None:
    hub = await serve()
    log: list[Any] = []

    @hub.server.event
    async def work(sid: str, number: int, wait_s: float) -> None:
        log.append(("begin", number))
        await asyncio.sleep(wait_s)
        log.append(("end", number))

    raw = await hub.joined()
    await raw.send('42["work",1,0.03]', '42["work",2,0]', '423["work",3,0.01]')

    assert await raw.receive() == "433[]"
    assert log == [(step, n) for n in (1, 2, 3) for step in ("begin", "end")]


async def test_slow_handler_holds_up_nobody_else(serve: Serve) -> None:
    hub = await serve()
    never = asyncio.Event()
    hub.server.on("ping", lambda sid: "pong")

    @hub.server.event
    async def stuck(sid: str) -> None:
        await never.wait()

    slow, other = await hub.joined(), await hub.joined()
    await slow.send('42["stuck"]', '421["ping"]')
    await other.send('422["ping"]')

    assert await other.receive() == '432["pong"]'
    assert await slow.silent()
    never.set()
    assert await slow.receive() == '431["pong"]'


async def test_concurrent_handler_lets_the_next_event_pass(serve: Serve) -> None:
    hub = await serve()
    proceed = asyncio.Event()
    hub.server.on("ping", lambda sid: "pong")

    @hub.server.event
    @concurrent
    async def wait(sid: str) -> str:
        await proceed.wait()
        return "waited"

    raw = await hub.joined()
    await raw.send('421["wait"]', '422["ping"]')

    assert await raw.receive() == '432["pong"]'
    proceed.set()
    assert await raw.receive() == '431["waited"]'


async def test_inbox_of_a_stuck_client_is_bounded(serve: Serve) -> None:
    hub = await serve(max_inbox_events=10)
    never = asyncio.Event()

    @hub.server.event
    async def stuck(sid: str) -> None:
        await never.wait()

    raw = await hub.joined()
    await raw.send(*['42["stuck"]'] * 12)

    assert await raw.closed() == 1008
    never.set()


async def test_failing_handler_is_logged_and_the_client_stays(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    hub = await serve()
    hub.server.on("ping", lambda sid: "pong")

    @hub.server.event
    async def fail(sid: str, wait: bool) -> None:
        if wait:
            await asyncio.sleep(0)
        raise ZeroDivisionError

    raw = await hub.joined()
    await raw.send('421["fail",false]', '422["fail",true]', '423["fail"]', '424["ping"]')

    assert await raw.receive() == '434["pong"]'
    assert hub.server.stats()["handler_errors"] == 3
    assert "ZeroDivisionError" in caplog.text


async def test_handlers_have_a_task_a_timeout_and_one_context_for_all_their_steps(serve: Serve) -> None:
    hub = await serve()
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="outside")

    @hub.server.event
    async def work(sid: str, name: str) -> list[Any]:
        before = variable.get()
        token = variable.set(name)
        task = asyncio.current_task()
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        same = asyncio.current_task() is task
        inside = variable.get()
        variable.reset(token)
        return [before, inside, variable.get(), same, task is not None]

    @hub.server.event
    async def late(sid: str) -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timeout"
        return "no"

    first, second = await hub.joined(), await hub.joined()
    await first.send('421["work","a"]')
    await second.send('421["work","b"]', '422["late"]')

    assert await first.receive() == '431["outside","a","outside",true,true]'.replace('431["', '431[["') + "]"
    assert await second.receive() == '431[["outside","b","outside",true,true]]'
    assert await second.receive() == '432["timeout"]'


async def test_catch_all_events_and_namespace_classes(serve: Serve) -> None:
    class Space(socketio.AsyncNamespace):
        def on_connect(self, sid: str, environ: Any) -> None:
            log.append("connect")

        async def on_double(self, sid: str, number: int) -> int:
            return number * 2

        def on_disconnect(self, sid: str, reason: str) -> None:
            log.append(reason)

    log: list[Any] = []
    hub = await serve()
    hub.server.on("*", lambda event, sid, *args: [event, *args])
    hub.server.register_namespace(Space("/space"))
    raw = await hub.joined()
    await raw.join("/space")

    await raw.send('421["anything",1]', '42/space,2["double",4]', "41/space", '423["after"]')

    assert await raw.receive() == '431[["anything",1]]'
    assert await raw.receive() == "43/space,2[8]"
    assert await raw.receive() == '433[["after"]]'
    assert log == ["connect", "client disconnect"]


async def test_acknowledgements_a_client_owes_are_bounded_and_the_newest_count(serve: Serve) -> None:
    hub = await serve()
    answered: list[Any] = []
    raw = await hub.joined()
    sid = raw.connected["sid"]
    for number in range(MAX_CALLBACKS + 5):
        await hub.server.emit("ask", to=sid, callback=functools.partial(answered.append, number))
    assert len(hub.server.manager.callbacks[sid]) <= MAX_CALLBACKS + 1
    newest = MAX_CALLBACKS + 5
    await raw.send("431[]", f"43{newest}[]", f"43{newest}[]", "4399999999[]", '42["nobody"]')
    await eventually(lambda: hub.server.stats()["messages_in"] == 6)
    assert answered == [newest - 1]  # the oldest are forgiven, and each answer counts once


async def test_call_that_is_not_answered_ends_at_its_deadline(serve: Serve) -> None:
    hub = await serve()
    raw = await hub.joined()
    with pytest.raises(socketio.exceptions.TimeoutError):
        await hub.server.call("ask", to=raw.connected["sid"], timeout=0.05)


async def test_acknowledgement_callback_that_fails_is_counted(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    hub = await serve()
    raw = await hub.joined()
    await hub.server.emit("ask", to=raw.connected["sid"], callback=lambda: 1 / 0)
    await raw.send("431[]")
    await eventually(lambda: hub.server.stats()["handler_errors"] == 1)
    assert "ZeroDivisionError" in caplog.text


async def test_inbox_of_a_stuck_client_is_bounded_in_bytes(serve: Serve) -> None:
    hub = await serve(max_inbox_bytes=5000)
    never = asyncio.Event()

    @hub.server.event
    async def stuck(sid: str, text: str) -> None:
        await never.wait()

    raw = await hub.joined()
    await raw.send(*['42["stuck","' + "x" * 1000 + '"]'] * 7)

    assert await raw.closed() == 1008
    never.set()
