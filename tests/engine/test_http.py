"""Origins, cookies, compression and addresses."""

from __future__ import annotations

import aiohttp
import pytest
from engine_support import Serve
from polling_support import Http

from hub.engine import Server


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


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        ([], "6.6.6.6, 10.0.0.1", "127.0.0.1"),
        (["127.0.0.1"], "6.6.6.6, 10.0.0.1", "10.0.0.1"),
        (["127.0.0.1", "10.0.0.0/8"], "6.6.6.6, 10.0.0.1", "6.6.6.6"),
        (["127.0.0.1", "10.0.0.0/8"], "10.9.9.9, 10.0.0.1", "10.9.9.9"),
        (["127.0.0.0/8"], "6.6.6.6:4711", "6.6.6.6"),
        (["127.0.0.0/8", "::1"], "[2001:db8::7]:4711", "2001:db8::7"),
        (["127.0.0.1"], "::ffff:6.6.6.6", "6.6.6.6"),
        (["127.0.0.1"], "not an address", "127.0.0.1"),
        (["192.168.0.0/16"], "6.6.6.6", "127.0.0.1"),
    ],
)
async def test_forwarded_address_is_believed_from_our_proxies_alone(
    serve: Serve, proxies: list[str], forwarded: str, address: str
) -> None:
    hub = await serve(trusted_proxies=proxies)
    raw = await hub.raw(additional_headers={"X-Forwarded-For": forwarded})
    await raw.join()
    assert hub.server.get_environ(raw.connected["sid"])["REMOTE_ADDR"] == address


def test_proxies_that_are_no_addresses_are_refused() -> None:
    with pytest.raises(ValueError, match="proxy"):
        Server(trusted_proxies=["proxy"])


async def test_first_of_the_subprotocols_is_taken(serve: Serve) -> None:
    hub = await serve()
    raw = await hub.raw(subprotocols=["first", "second"])
    assert raw.socket.subprotocol == "first"


async def test_environ_has_the_query_as_it_was_sent(serve: Serve) -> None:
    hub = await serve()
    query = "EIO=4&transport=websocket&name=a%20b%2Bc&empty="
    raw = await hub.raw(query=query)
    await raw.join()
    assert hub.server.get_environ(raw.connected["sid"])["QUERY_STRING"] == query
