"""HTTP long-polling: handshakes, polls, posts and their limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from engine_support import Serve, eventually
from polling_support import Http


@pytest.mark.parametrize(
    ("method", "query", "code"),
    [
        ("GET", "transport=polling", 5),
        ("GET", "EIO=abc&transport=polling", 5),
        ("GET", "EIO=3&transport=polling", 5),
        ("GET", "EIO=4", 0),
        ("GET", "EIO=4&transport=abc", 0),
        ("GET", "EIO=4&transport=websocket", 3),
        ("POST", "EIO=4&transport=polling", 2),
        ("PUT", "EIO=4&transport=polling", 2),
        ("HEAD", "EIO=4&transport=polling", None),
        ("GET", "EIO=4&transport=polling&sid=unknown", 1),
        ("POST", "EIO=4&transport=polling&sid=unknown", 1),
    ],
)
async def test_bad_requests_get_400_and_a_code(http: Http, method: str, query: str, code: int | None) -> None:
    status, body, _ = await http.request(method, query)
    assert status == 400
    assert code is None or json.loads(body)["code"] == code


async def test_other_paths_get_404(http: Http) -> None:
    async with http.http.get(f"{http.hub.url}/other") as response:
        assert response.status == 404


async def test_socketio_over_polling_with_binary_and_several_packets(http: Http) -> None:
    assert await http.post("40") == (200, "ok")
    status, body = await http.poll()
    assert status == 200
    assert body.startswith("40{")
    header = '451-7["echo",{"_placeholder":true,"num":0}]'
    assert await http.post(f'{header}\x1ebAQIDBA==\x1e428["echo",1]') == (200, "ok")
    assert await http.poll() == (200, '461-7[{"_placeholder":true,"num":0}]\x1ebAQIDBA==\x1e438[1]')


async def test_held_poll_is_answered_when_something_is_emitted(http: Http) -> None:
    await http.post("40")
    await http.poll()
    poll = await http.held()
    await http.hub.server.emit("one", 1)
    await http.hub.server.emit("two", 2)
    assert await poll == (200, '42["one",1]\x1e42["two",2]')


@pytest.mark.parametrize("body", ["abc", "", "2", "4abc", "9", "b!!!", "5"])
async def test_invalid_bodies_close_the_session_at_once(http: Http, body: str) -> None:
    assert (await http.post(body))[0] == 400
    assert (await http.poll())[0] == 400


async def test_second_poll_closes_the_session(http: Http) -> None:
    first = await http.held()
    assert (await http.poll())[0] == 400
    assert await first == (200, "1")
    assert (await http.poll())[0] == 400


async def test_close_packet_ends_the_held_poll_with_noop(http: Http) -> None:
    reasons: list[str] = []
    http.hub.server.on("disconnect", lambda sid, reason: reasons.append(reason))
    await http.post("40")
    await http.poll()
    poll = await http.held()
    assert await http.post("1") == (200, "ok")
    assert await poll == (200, "6")
    assert (await http.poll())[0] == 400
    assert reasons == ["client disconnect"]


async def test_close_packet_that_overtakes_the_last_poll_still_ends_it_well(http: Http) -> None:
    assert await http.post("1") == (200, "ok")
    assert await http.poll() == (200, "6")
    assert (await http.poll())[0] == 400


async def test_aborted_poll_loses_nothing(http: Http) -> None:
    await http.post("40")
    await http.poll()
    poll = await http.held()
    poll.cancel()
    await asyncio.wait([poll])
    poller = http.hub.server.eio.sockets[http.sid].poller
    await eventually(lambda: not poller.polled)
    await http.hub.server.emit("after", 1)
    assert await http.poll() == (200, '42["after",1]')


async def test_too_large_body_gets_413_and_the_session_stays(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    http = Http(await serve(max_http_buffer_size=1000), session)
    await http.open()
    assert (await http.post("4" + "x" * 2000))[0] == 413
    assert await http.post("40") == (200, "ok")


async def test_ping_timeout_is_exact_for_a_session_that_polls_no_more(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    http = Http(await serve(ping_interval=0.2, ping_timeout=0.1), session)
    await http.open()
    await asyncio.sleep(0.31)
    assert (await http.poll())[0] == 400


async def test_slow_polling_client_is_bounded(serve: Serve, session: aiohttp.ClientSession) -> None:
    hub = await serve(max_backpressure_bytes=10_000)
    http = Http(hub, session)
    await http.open()
    await http.post("40")
    await http.poll()
    for _ in range(12):
        await hub.server.emit("state", "x" * 1000)
    assert hub.server.stats()["slow_closed"] == 1
    assert (await http.poll())[0] == 400


async def test_many_packets_in_one_body_after_a_stall_are_taken(http: Http) -> None:
    await http.post("40")
    await http.poll()
    assert await http.post("\x1e".join(f'42{n}["echo",{n}]' for n in range(1000))) == (200, "ok")
    assert await http.poll() == (200, "\x1e".join(f"43{n}[{n}]" for n in range(1000)))


async def test_body_that_is_no_text_is_refused_without_a_word_in_the_log(
    serve: Serve, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    hub = await serve()
    hub.server.eio.on("message", lambda sid, data: None)
    http = Http(hub, session)
    await http.open()
    assert (await http.post(b"4\xff\xfe"))[0] == 400
    assert not caplog.records


async def test_small_packets_count_with_what_they_take(serve: Serve, session: aiohttp.ClientSession) -> None:
    hub = await serve(max_backpressure_bytes=100_000)
    http = Http(hub, session)
    await http.open()
    await http.post("40")
    await http.poll()
    for _ in range(1200):
        await hub.server.emit("x")
    assert hub.server.stats()["slow_closed"] == 1


@pytest.mark.parametrize("chunked", [False, True])
async def test_body_of_a_million_bytes_is_taken_whole_or_in_chunks(http: Http, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    await http.post("40")
    await http.poll()
    text = "x" * 999_985
    body = f'421["echo","{text}"]'.encode()
    headers = {"Content-Type": "text/plain;charset=UTF-8"}
    assert await http.post(pieces() if chunked else body, headers=headers) == (200, "ok")
    assert await http.poll() == (200, f'431["{text}"]')
