"""The protocol without IO: bytes in, packets and states out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine import packets, protocol
from hub.engine.outgoing import Outgoing
from hub.engine.packets import ProtocolError
from hub.engine.protocol import Kind, Session, State

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
names = st.text(min_size=1).filter(lambda name: name not in packets.RESERVED_EVENTS)


@pytest.mark.parametrize(
    ("raw", "type_", "namespace", "id_", "data"),
    [
        (b"0", packets.CONNECT, "/", None, None),
        (b'0{"token":"1"}', packets.CONNECT, "/", None, {"token": "1"}),
        (b"0/admin,", packets.CONNECT, "/admin", None, None),
        (b"0/admin", packets.CONNECT, "/admin", None, None),
        (b'0/admin?x=1,{"a":1}', packets.CONNECT, "/admin", None, {"a": 1}),
        (b"1/admin,", packets.DISCONNECT, "/admin", None, None),
        (b'2["a",1]', packets.EVENT, "/", None, ["a", 1]),
        (b'2/admin,456["a"]', packets.EVENT, "/admin", 456, ["a"]),
        (b"312[]", packets.ACK, "/", 12, []),
        (b'50-["a"]', packets.BINARY_EVENT, "/", None, ["a"]),
    ],
)
def test_decode_reads_every_kind_of_packet(
    raw: bytes, type_: int, namespace: str, id_: int | None, data: Any
) -> None:
    found = packets.decode(raw)
    assert (found.type, found.namespace, found.id, found.data) == (type_, namespace, id_, data)
    assert found.missing == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"7",
        b"x",
        b"2",
        b"2{}",
        b"2[]",
        b"2[null]",
        b"2[[]]",
        b'2["connect"]',
        b'2["disconnecting"]',
        b'2["a"',
        b'2["a"]x',
        b"2[NaN]",
        b"2x[]",
        b'2-1["a"]',
        b"3[]",
        b"31{}",
        b"0[]",
        b"0x",
        b'1"a"',
        b'4{"message":"x"}',
        b'5["a"]',
        b'599-["a"]',
        b'51-["a",{"_placeholder":true}]x',
        b'50-["a",{"_placeholder":true,"num":0}]',
        b"2/a\xff,[]",
        b"2" + b"1" * 30 + b'["a"]',
    ],
)
def test_decode_refuses_what_breaks_the_protocol(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        packets.decode(raw)


@given(st.binary(max_size=60))
def test_decode_of_anything_is_a_packet_or_a_protocol_error(raw: bytes) -> None:
    try:
        packets.decode(raw)
    except ProtocolError:
        return


@given(
    names,
    st.lists(json_values, max_size=3),
    st.sampled_from(["/", "/admin"]),
    st.none() | st.integers(0, 9999),
)
def test_what_is_encoded_is_decoded_again(
    name: str, args: list[Any], namespace: str, id_: int | None
) -> None:
    text, *attachments = packets.encode_event(namespace, [name, *args], id_)
    found = packets.decode(text[1:])
    for attachment in attachments:
        found.attach(attachment)
    assert (found.namespace, found.id, found.data) == (namespace, id_, [name, *args])


@pytest.mark.parametrize("number", [-1, 2, True, "0", None])
def test_attachments_out_of_range_are_refused(number: Any) -> None:
    found = packets.decode(b'52-["a",' + json.dumps({"_placeholder": True, "num": number}).encode() + b"]")
    found.attach(b"1")
    with pytest.raises(ProtocolError):
        found.attach(b"2")


def test_keys_that_are_no_strings_and_large_integers_are_encoded() -> None:
    assert packets.encode_event("/", ["a", {1: 2**70}]) == (b'42["a",{"1":%d}]' % 2**70,)
    with pytest.raises(TypeError):
        packets.encode_event("/", ["a", object()])


@pytest.mark.parametrize(
    ("args", "argument", "payload"),
    [
        (["a"], b'42["a","o-1"]', b'42["a"]'),
        (["a", {"b": 1}], b'42["a",{"b":1},"o-1"]', b'42["a",{"offset":"o-1","b":1}]'),
        (["a", {}], b'42["a",{},"o-1"]', b'42["a",{"offset":"o-1"}]'),
        (['"[{', {"b": 1}], b'42["\\"[{",{"b":1},"o-1"]', b'42["\\"[{",{"offset":"o-1","b":1}]'),
        (["a", [1]], b'42["a",[1],"o-1"]', b'42["a",[1]]'),
        (["a", {}, 1], b'42["a",{},1,"o-1"]', b'42["a",{},1]'),
    ],
)
def test_offset_is_the_last_argument_or_in_the_payload(
    args: list[Any], argument: bytes, payload: bytes
) -> None:
    packet = Outgoing("/", args, offset="o-1")
    assert packet.frames(False) == (argument,)
    assert packet.frames(True) == (payload,)


def test_offset_with_attachments_and_namespace() -> None:
    packet = Outgoing("/admin", ["a", {"b": b"1"}], offset="o-1")
    assert packet.frames(False) == (
        b'451-/admin,["a",{"b":{"_placeholder":true,"num":0}},"o-1"]',
        b"1",
    )
    assert packet.frames(True) == (
        b'451-/admin,["a",{"offset":"o-1","b":{"_placeholder":true,"num":0}}]',
        b"1",
    )


def test_open_packet_has_exactly_the_five_keys() -> None:
    raw = protocol.open_packet("s", ["websocket"], 0.3, 0.2, 1_000_000)
    assert json.loads(raw[1:]) == {
        "sid": "s",
        "upgrades": ["websocket"],
        "pingInterval": 300,
        "pingTimeout": 200,
        "maxPayload": 1_000_000,
    }


def test_bodies_are_split_and_joined_with_base64_for_binary() -> None:
    body = b"4hello\x1ebAQIDBA==\x1e3"
    frames = [(b"4hello", False), (b"\1\2\3\4", True), (b"3", False)]
    assert protocol.decode_body(body) == frames
    assert protocol.encode_body(frames) == body
    with pytest.raises(ProtocolError):
        protocol.decode_body(b"b!")
    with pytest.raises(ProtocolError):
        protocol.decode_body(b"\x1e" * 20_000)


@pytest.mark.parametrize("packet", [b"", b"0", b"2", b"2x", b"6", b"7", b"abc"])
def test_packets_a_client_may_not_send_are_refused(packet: bytes) -> None:
    with pytest.raises(ProtocolError):
        protocol.classify(packet)


def test_session_walks_its_states_once() -> None:
    session = Session("s", "polling")
    assert session.may_poll()
    with pytest.raises(ProtocolError):
        session.upgrade()
    session.probe()
    with pytest.raises(ProtocolError):
        session.probe()
    session.probe_lost()
    assert session.state is State.OPEN
    session.probe()
    session.upgrade()
    assert session.transport == "websocket"
    assert not session.may_poll()
    assert not session.may_upgrade()
    assert session.finish()
    assert not session.finish()


def test_query_needs_the_version_and_a_known_transport() -> None:
    transports = ("polling", "websocket")
    assert protocol.check_query({"EIO": "4", "transport": "polling"}, transports) is None
    assert protocol.check_query({"EIO": "3", "transport": "polling"}, transports) == protocol.BAD_VERSION
    assert protocol.check_query({"EIO": "4"}, transports) == protocol.UNKNOWN_TRANSPORT
    assert protocol.classify(b"2probe") is Kind.PROBE
