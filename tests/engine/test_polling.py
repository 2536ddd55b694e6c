"""HTTP long-polling, the upgrade to WebSocket, CORS, cookies and limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import websockets
from engine_support import DEADLINE_S, Raw, Running, Serve, eventually


class Http:
    """A polling session spoken by hand."""

    def __init__(self, hub: Running, session: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.http = session
        self.sid = ""

    async def request(self, method: str, query: str, **options: Any) -> tuple[int, str, Any]:
        url = f"{self.hub.url}/socket.io/?{query}"
        async with asyncio.timeout(DEADLINE_S), self.http.request(method, url, **options) as response:
            return response.status, (await response.read()).decode(), response.headers

    async def open(self, **options: Any) -> Any:
        status, body, headers = await self.request("GET", "EIO=4&transport=polling", **options)
        assert status == 200, body
        self.sid = json.loads(body[1:])["sid"]
        return headers

    async def poll(self, **options: Any) -> tuple[int, str]:
        status, body, _ = await self.request("GET", f"EIO=4&transport=polling&sid={self.sid}", **options)
        return status, body

    async def post(self, data: str | bytes, **options: Any) -> tuple[int, str]:
        query = f"EIO=4&transport=polling&sid={self.sid}"
        status, body, _ = await self.request("POST", query, data=data, **options)
        return status, body

    async def upgrade(self) -> Raw:
        raw = Raw(
            await self.hub._stack.enter_async_context(
                websockets.connect(
                    f"ws://127.0.0.1:{self.hub.port}/socket.io/?EIO=4&transport=websocket&sid={self.sid}",
                    compression=None,
                    close_timeout=1,
                    ping_interval=None,
                )
            )
        )
        await raw.send("2probe")
        assert await raw.receive() == "3probe"
        return raw


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as found:
        yield found


@pytest.fixture
async def hub(serve: Serve) -> Running:
    running = await serve(cors_allowed_origins="*")
    running.server.on("echo", lambda sid, *args: args)
    return running


@pytest.fixture
async def http(hub: Running, session: aiohttp.ClientSession) -> Http:
    found = Http(hub, session)
    await found.open()
    return found


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


async def test_other_paths_get_404(hub: Running, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{hub.url}/other") as response:
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
    poll = asyncio.create_task(http.poll())
    await asyncio.sleep(0.05)  # let it be held: nothing on our side tells when
    await http.hub.server.emit("one", 1)
    await http.hub.server.emit("two", 2)
    assert await poll == (200, '42["one",1]\x1e42["two",2]')


@pytest.mark.parametrize("body", ["abc", "", "2", "4abc", "9", "b!!!", "5"])
async def test_invalid_bodies_close_the_session_at_once(http: Http, body: str) -> None:
    assert (await http.post(body))[0] == 400
    assert (await http.poll())[0] == 400


async def test_second_poll_closes_the_session(http: Http) -> None:
    first = asyncio.create_task(http.poll())
    await asyncio.sleep(0.05)
    assert (await http.poll())[0] == 400
    assert await first == (200, "1")
    assert (await http.poll())[0] == 400


async def test_close_packet_ends_the_held_poll_with_noop(http: Http) -> None:
    reasons: list[str] = []
    http.hub.server.on("disconnect", lambda sid, reason: reasons.append(reason))
    await http.post("40")
    await http.poll()
    poll = asyncio.create_task(http.poll())
    await asyncio.sleep(0.05)
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
    poll = asyncio.create_task(http.poll())
    await asyncio.sleep(0.05)
    poll.cancel()
    await asyncio.wait([poll])
    await asyncio.sleep(0.05)
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


async def test_upgrade_ends_the_poll_and_moves_what_was_due(http: Http) -> None:
    await http.post("40")
    await http.poll()
    poll = asyncio.create_task(http.poll())
    await asyncio.sleep(0.05)

    raw = await http.upgrade()
    assert await poll == (200, "6")
    assert await http.poll() == (200, "6")
    await http.hub.server.emit("due", 1)
    await raw.send("5", '421["echo",2]')

    assert await raw.receive() == '42["due",1]'
    assert await raw.receive() == "431[2]"
    await http.hub.server.emit("native", 3)
    assert await raw.receive() == '42["native",3]'
    assert (await http.poll())[0] == 400
    assert (await http.post('42["echo"]'))[0] == 400
    await raw.send('422["echo",4]')
    assert await raw.receive() == "432[4]"


async def test_upgraded_session_refuses_a_second_websocket(http: Http) -> None:
    await http.post("40")
    raw = await http.upgrade()
    await raw.send("5")
    await raw.receive()
    second = await http.hub._stack.enter_async_context(
        websockets.connect(
            f"ws://127.0.0.1:{http.hub.port}/socket.io/?EIO=4&transport=websocket&sid={http.sid}"
        )
    )
    assert await Raw(second).closed() == 1008
    await raw.send('421["echo",1]')
    assert await raw.receive() == "431[1]"


async def test_lost_probe_leaves_polling_as_it_was(http: Http) -> None:
    await http.post("40")
    await http.poll()
    raw = await http.upgrade()
    await raw.socket.close()
    await eventually(lambda: not http.hub.server.eio.sockets[http.sid].upgrading)
    await http.hub.server.emit("still", 1)
    assert await http.poll() == (200, '42["still",1]')
    again = await http.upgrade()
    await again.send("5", '421["echo",1]')
    assert await again.receive() == "431[1]"


async def test_cors_headers_preflight_and_forbidden_origins(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    hub = await serve(cors_allowed_origins=["https://a.example"])
    http = Http(hub, session)
    headers = await http.open(headers={"Origin": "https://a.example"})
    assert headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert headers["Access-Control-Allow-Credentials"] == "true"
    query = "EIO=4&transport=polling"
    status, _, _ = await http.request("GET", query, headers={"Origin": "https://b.example"})
    assert status == 403
    status, body, headers = await http.request(
        "OPTIONS",
        query,
        headers={"Origin": "https://a.example", "Access-Control-Request-Headers": "content-type"},
    )
    assert (status, body) == (204, "")
    assert headers["Access-Control-Allow-Methods"] == "OPTIONS, GET, POST"
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    with pytest.raises(Exception, match="403"):
        await hub.raw(origin="https://b.example")
    await hub.raw(origin="https://a.example")


async def test_same_origin_alone_is_allowed_by_default(serve: Serve, session: aiohttp.ClientSession) -> None:
    hub = await serve()
    http = Http(hub, session)
    await http.open(headers={"Origin": hub.url})
    status, _, _ = await http.request("GET", "EIO=4&transport=polling", headers={"Origin": "http://x"})
    assert status == 403


async def test_cookie_and_compression(serve: Serve, session: aiohttp.ClientSession) -> None:
    hub = await serve(cookie="io")
    http = Http(hub, session)
    headers = await http.open()
    assert headers["Set-Cookie"] == f"io={http.sid}; path=/; SameSite=Lax"
    await http.post("40")
    await http.poll()
    await hub.server.emit("long", "x" * 5000)
    query = f"EIO=4&transport=polling&sid={http.sid}"
    _, body, headers = await http.request("GET", query, headers={"Accept-Encoding": "gzip"})
    assert body == '42["long","' + "x" * 5000 + '"]'
    assert headers["Content-Encoding"] == "gzip"


async def test_forwarded_address_is_believed_only_behind_our_proxies(serve: Serve) -> None:
    seen: list[str] = []
    for proxies in (0, 1, 2):
        hub = await serve(trusted_proxies=proxies)
        hub.server.on("connect", lambda sid, environ: seen.append(environ["REMOTE_ADDR"]))
        raw = await hub.raw(additional_headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.1"})
        await raw.join()
    assert seen == ["127.0.0.1", "10.0.0.1", "6.6.6.6"]


async def test_python_client_with_its_defaults_upgrades(hub: Running) -> None:
    client = await hub.client(transports=("polling", "websocket"))
    assert client.transport() == "websocket"
    assert await client.call("echo", (1, b"2"), timeout=2) == (1, b"2")


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


async def test_raw_engineio_with_on_and_send(serve: Serve) -> None:
    hub = await serve(path="/engine.io/", connect_timeout=0.05)
    log: list[Any] = []

    async def message(sid: str, data: Any) -> None:
        await hub.server.eio.send(sid, data)

    hub.server.eio.on("connect", lambda sid, environ: log.append("connect"))
    hub.server.eio.on("message", message)
    hub.server.eio.on("disconnect", lambda sid, reason: log.append(reason))
    raw = await hub.raw(path="/engine.io/")
    await raw.send("4hello", b"\x01\x02")
    assert await raw.receive() == "4hello"
    assert await raw.receive() == b"\x01\x02"
    assert await raw.silent(0.1)
    await raw.send("1")
    await raw.closed()
    assert log == ["connect", "client disconnect"]
