"""Clients that lose their connection and come back."""

from __future__ import annotations

from typing import Any

from engine_support import Raw, Running, eventually

WINDOW_S = 5.0


async def lose(hub: Running, raw: Raw) -> None:
    """Cut the connection without a word, and wait until the server has noticed."""
    sid = raw.open["sid"]
    raw.socket.transport.abort()
    await eventually(lambda: sid not in hub.server.eio.sockets)


def cut(hub: Running, sid: str) -> None:
    """Break a client's connection at the server's end, with a code after which clients come back."""
    connection = hub.server.manager.client(sid, "/").connection
    hub.server.eio.end_socket(connection.ws, 1011, b"test")
    connection.lost("transport close")


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
