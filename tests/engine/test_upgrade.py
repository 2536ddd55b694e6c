"""From polling to WebSocket: nothing is lost on the way, and whoever fails to arrive holds up nobody."""

from __future__ import annotations

import pytest
from engine_support import eventually
from polling_support import Http

from hub.engine import connection


async def test_upgrade_ends_the_poll_and_moves_what_was_due(http: Http) -> None:
    await http.post("40")
    await http.poll()
    poll = await http.held()

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
    second = await http.websocket()
    assert await second.closed() == 1008
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


async def test_python_client_with_its_defaults_upgrades(http: Http) -> None:
    client = await http.hub.client(transports=("polling", "websocket"))
    assert client.transport() == "websocket"
    assert await client.call("echo", (1, b"2"), timeout=2) == (1, b"2")


@pytest.mark.parametrize("garbage", ["4early", "abc", b"\x01", ""])
async def test_websocket_that_says_something_else_is_closed_and_polling_goes_on(
    http: Http, garbage: str | bytes
) -> None:
    raw = await http.websocket()
    await raw.send(garbage)
    assert await raw.closed() == 1002
    assert await http.post("40") == (200, "ok")
    await (await http.upgrade()).send("5")


@pytest.mark.parametrize("probes", [False, True])
async def test_websocket_that_does_not_take_over_in_time_makes_place(
    http: Http, monkeypatch: pytest.MonkeyPatch, probes: bool
) -> None:
    monkeypatch.setattr(connection, "UPGRADE_TIMEOUT_S", 0.05)
    idle = await (http.upgrade() if probes else http.websocket())
    assert await idle.closed() == 1008
    monkeypatch.undo()
    await http.post("40")
    raw = await http.upgrade()
    await raw.send("5", '421["echo",1]')
    assert (await raw.receive()).startswith("40")
    assert await raw.receive() == "431[1]"


async def test_time_of_an_earlier_websocket_does_not_end_a_later_one(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UPGRADE_TIMEOUT_S", 0.1)
    first = await http.upgrade()
    monkeypatch.undo()
    await first.socket.close()
    found = http.hub.server.eio.sockets[http.sid]
    await eventually(lambda: found.prober is None)
    later = await http.upgrade()
    assert await later.silent(0.15)  # until the first one's time is over
    await http.post("40")
    await later.send("5")
    assert (await later.receive()).startswith("40")
