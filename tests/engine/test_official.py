"""The official JavaScript client, with its defaults and without."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from engine_support import Running, Serve
from node_runs import NODE, needs_node, run

from hub.engine import Server


async def defaults(hub: Running, **options: Any) -> Any:
    """Run the official client once and read what it saw."""
    code, output = await run("node", str(NODE / "defaults.js"), hub.url, json.dumps(options), cwd=NODE)
    assert code == 0, output
    return json.loads(output)


def prepare(server: Server) -> None:
    server.on("echo", lambda sid, *args: list(args))
    server.on("where", lambda sid: "custom", namespace="/custom")

    async def told(sid: str, value: int) -> None:
        await server.emit("told", value, to=sid)

    async def send_away(sid: str) -> None:
        await server.disconnect(sid, namespace="/custom")

    server.on("told", told)
    server.on("send me away", send_away, namespace="/custom")

    async def connect(sid: str, environ: Any, auth: Any) -> None:
        if auth == {"token": "bad"}:
            raise ConnectionRefusedError("unauthenticated", {"code": "unauthenticated"})
        await server.emit("early", b"\x07", to=sid)

    server.on("connect", connect)


@needs_node
@pytest.mark.parametrize("serializer", ["default", "msgpack"])
@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ({}, "polling", "websocket"),
        ({"transports": ["websocket"]}, "websocket", "websocket"),
        ({"upgrade": False}, "polling", "polling"),
    ],
)
async def test_official_client_connects_upgrades_and_exchanges(
    serve: Serve, options: dict[str, Any], first: str, last: str, serializer: str
) -> None:
    hub = await serve(prepare=prepare, serializer=serializer)

    found = await defaults(hub, serializer=serializer, **options)

    assert found == {
        "first": first,
        "last": last,
        "echoed": [{"a": [1, "é"]}, [1, 2, 3]],
        "told": 1,
        "custom": "custom",
        "reason": "io server disconnect",
        "seen": [["early", [7]], ["told", 1]],
        "shared": True,
    }


@needs_node
@pytest.mark.parametrize("serializer", ["default", "msgpack"])
async def test_official_client_reads_the_refusal(serve: Serve, serializer: str) -> None:
    hub = await serve(prepare=prepare, serializer=serializer)
    found = await defaults(hub, serializer=serializer, auth={"token": "bad"})
    assert found == {"refused": ["unauthenticated", {"code": "unauthenticated"}]}


async def test_server_listens_on_both_families_of_localhost() -> None:
    server = Server()
    port = await server.listen("localhost", 0)
    try:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
                continue
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()
    finally:
        await server.close()
