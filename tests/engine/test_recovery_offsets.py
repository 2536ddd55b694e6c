"""Offsets: what has one, where clients find it, and that a forged one opens nothing."""

from __future__ import annotations

from typing import Any

import pytest
from engine_support import Running, Serve, eventually
from recovery_support import WINDOW_S, back, lose, recovered, values


@pytest.fixture
async def hub(serve: Serve) -> Running:
    return await serve(recovery_window=WINDOW_S)


async def test_droppable_events_have_no_offset_and_are_not_replayed(hub: Running) -> None:
    raw = await hub.joined()
    await hub.server.emit("gps", {"lat": 1}, droppable=True)
    assert await raw.event() == ["gps", {"lat": 1}]
    await lose(hub, raw)
    await hub.server.emit("gps", {"lat": 2}, droppable=True)
    again = await back(hub, raw)
    assert recovered(raw, again)
    assert await again.silent(0.02)


async def test_droppable_event_that_ends_with_a_string_leaves_the_clients_offset_right(hub: Running) -> None:
    raw = await hub.joined()
    await hub.server.emit("state", 1)
    await hub.server.emit("note", "a string", droppable=True)
    _, note = await raw.event(), await raw.event()
    offset = note[-1]  # what the official client keeps: the last argument, when it is a string
    assert offset != "a string"
    await lose(hub, raw)
    await hub.server.emit("missed", 2)
    again = await back(hub, raw, offset)
    assert recovered(raw, again)
    assert await values(again, 1) == [2]


@pytest.mark.parametrize("offset", ["hello", "", "-1", "x-1", "999", "٣", None, 7, {"a": 1}])
async def test_forged_offsets_and_pids_are_not_recovered(hub: Running, offset: Any) -> None:
    raw = await hub.joined()
    await hub.server.emit("seen", 0)
    good = (await raw.event())[-1]
    await lose(hub, raw)
    forged = await hub.raw()
    await forged.join(
        auth={"pid": raw.connected["pid"], "offset": offset if offset is not None else good + "9"}
    )
    assert not recovered(raw, forged)
    for pid in ("unknown", 7, ["x"], {"a": 1}):
        other = await hub.raw()
        await other.join(auth={"pid": pid, "offset": good})
        assert other.connected["pid"] not in ("unknown", raw.connected["pid"])
    assert recovered(raw, await back(hub, raw, good))


async def test_offsets_in_the_payload_for_handlers_with_a_fixed_number_of_arguments(hub: Running) -> None:
    seen: list[Any] = []

    def prepare(client: Any) -> None:
        client.on("news", lambda payload: seen.append(payload))
        client.on("empty", lambda payload: seen.append(payload))
        client.on("plain", lambda payload: seen.append(payload))

    client = await hub.client(prepare=prepare, auth={"offsets": "payload"})
    official = await hub.joined()
    await hub.server.enter_room(client.get_sid(), "room")
    await hub.server.enter_room(official.connected["sid"], "room")
    await hub.server.emit("news", {"a": 1}, room="room")
    await hub.server.emit("empty", {}, to=client.get_sid())
    await hub.server.emit("plain", "text", room="room")
    await eventually(lambda: len(seen) == 3)
    offset = (await official.event())[-1]
    assert seen[0] == {"offset": offset, "a": 1}
    assert list(seen[1]) == ["offset"]
    assert seen[2] == "text"


async def test_payload_offsets_are_kept_when_a_client_comes_back(hub: Running) -> None:
    raw = await hub.joined(auth={"offsets": "payload"})
    await lose(hub, raw)
    await hub.server.emit("missed", {"a": 1})
    again = await back(hub, raw, offsets="payload")
    event = await again.event()
    assert event == ["missed", {"offset": event[1]["offset"], "a": 1}]
    await lose(hub, again)
    third = await back(hub, again, event[1]["offset"], offsets="payload")
    assert recovered(again, third)
    assert await third.silent(0.02)
