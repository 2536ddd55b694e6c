"""What nodes say to each other about an event."""

from __future__ import annotations

import pytest

from hub.engine.cluster.message import Message, pack, unpack
from hub.engine.codec import Codec
from hub.engine.lanes import TELEMETRY
from hub.engine.outgoing import Each, Outgoing


@pytest.mark.parametrize("each", [None, ("positions", "user_id")])
@pytest.mark.parametrize("key", [None, ("job:moved", "job")])
@pytest.mark.parametrize("watched", [None, "job:moved"])
def test_event_reaches_the_other_node_as_it_was(each: Each | None, key: object, watched: str | None) -> None:
    positions = [{"user_id": "a"}, {"user_id": "b"}]
    packet = Outgoing("/", ["gps", {"positions": positions}], lane=TELEMETRY, key=key, each=each)

    got = unpack(pack(Message("/", ("admin",), (), packet, watched), has_offset=False), "", Codec())

    assert (got.targets, got.watched) == (("admin",), watched)
    assert (got.packet.key, got.packet.each, got.packet.plain) == (key, each, packet.plain)
    if each is not None:
        parts = got.packet.parts(each)
        assert [part.key for part in parts] == [("gps", "a"), ("gps", "b")]
        assert parts[0].plain == Outgoing("/", ["gps", {"positions": positions[:1]}]).plain
