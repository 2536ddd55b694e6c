"""Rooms: each member once, and nobody else's."""

from __future__ import annotations

import pytest
from engine_support import Serve


async def test_rooms_lists_of_rooms_and_skip_sid_reach_each_member_once(serve: Serve) -> None:
    hub = await serve()
    first, second, third = [await hub.joined() for _ in range(3)]
    sids = [raw.connected["sid"] for raw in (first, second, third)]
    await hub.server.enter_room(sids[0], "a")
    await hub.server.enter_room(sids[1], "a")
    await hub.server.enter_room(sids[1], "b")
    await hub.server.enter_room(sids[2], "b")

    await hub.server.emit("one", room="a")
    await hub.server.emit("both", room=["a", "b", sids[0]])
    await hub.server.emit("skip", room=["a", "b"], skip_sid=[sids[0], sids[2]])
    await hub.server.emit("all", skip_sid=sids[1])
    await hub.server.leave_room(sids[0], "a")
    await hub.server.emit("left", room="a")
    await hub.server.close_room("b")
    await hub.server.emit("closed", room="b")
    await hub.server.emit("end")

    assert [(await first.event())[0] for _ in range(4)] == ["one", "both", "all", "end"]
    assert [(await second.event())[0] for _ in range(5)] == ["one", "both", "skip", "left", "end"]
    assert [(await third.event())[0] for _ in range(3)] == ["both", "all", "end"]
    assert hub.server.rooms(sids[1]) == [sids[1], "a"]


async def test_another_clients_sid_room_is_refused(serve: Serve) -> None:
    hub = await serve()
    first, second = await hub.joined(), await hub.joined()
    other = second.connected["sid"]

    with pytest.raises(ValueError, match="sid room"):
        await hub.server.enter_room(first.connected["sid"], other)
    with pytest.raises(ValueError, match="sid room"):
        await hub.server.close_room(other)
    with pytest.raises(ValueError, match="not connected"):
        await hub.server.enter_room("nobody", "room")
