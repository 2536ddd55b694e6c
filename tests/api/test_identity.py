"""Who may come in, as whom, and for how long."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import jwt
import pytest
import socketio
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from services.models import Role
from tests.support.hub import RunningHub
from tests.support.raw import raw_socket

CLAIMS = {"sub": "consumer_001", "role": "consumer", "name": "Asha", "exp": 4_000_000_000}


def _secret(hub: RunningHub) -> str:
    return hub.hub.settings.secret("jwt")


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    ]
    return ".".join([*parts, ""])


def _bad_tokens(hub: RunningHub) -> dict[str, Any]:
    secret = _secret(hub)
    good = jwt.encode(CLAIMS, secret, algorithm="HS256")
    without = {key: {k: v for k, v in CLAIMS.items() if k != key} for key in ("sub", "role", "exp")}
    return {
        "none": None,
        "empty": "",
        "a number": 5,
        "an object": {"token": "x"},
        "words": "not a token",
        "truncated": good[:-4],
        "forged": jwt.encode(CLAIMS, "another secret of thirty-two characters", algorithm="HS256"),
        "alg none": _unsigned({"alg": "none", "typ": "JWT"}, CLAIMS),
        "alg none, signed": _unsigned({"alg": "none"}, CLAIMS) + good.rpartition(".")[2],
        "HS512": jwt.encode(CLAIMS, secret + secret, algorithm="HS512"),
        "expired": jwt.encode({**CLAIMS, "exp": 1_000_000_000}, secret, algorithm="HS256"),
        "not yet": jwt.encode({**CLAIMS, "nbf": 3_900_000_000}, secret, algorithm="HS256"),
        "without sub": jwt.encode(without["sub"], secret, algorithm="HS256"),
        "without role": jwt.encode(without["role"], secret, algorithm="HS256"),
        "without exp": jwt.encode(without["exp"], secret, algorithm="HS256"),
        "unknown role": jwt.encode({**CLAIMS, "role": "king"}, secret, algorithm="HS256"),
        "spaces in sub": jwt.encode({**CLAIMS, "sub": "a b"}, secret, algorithm="HS256"),
        "too long": jwt.encode({**CLAIMS, "name": "x" * 9000}, secret, algorithm="HS256"),
    }


async def test_a_bad_token_is_refused_by_both_doors_with_the_same_code(hub: RunningHub) -> None:
    for what, token in _bad_tokens(hub).items():
        refusal = await _refusal(hub, token)
        assert refusal["data"]["code"] == "unauthenticated", what
        assert refusal["data"]["message"], what
        if isinstance(token, str) and "\n" not in token:
            answer = await hub.anybody(token).rest("GET", "/station/list")
            assert (answer.status, answer.code) == (401, "unauthenticated"), what


async def _refusal(hub: RunningHub, token: Any) -> Any:
    """The CONNECT_ERROR of a token."""
    async with hub.http.ws_connect(f"{hub.socket_url}/socket.io/?EIO=4&transport=websocket") as ws:
        await ws.send_str("40" + json.dumps({"token": token}))
        while not (text := await ws.receive_str(timeout=5)).startswith("44"):
            assert not text.startswith("40")
        return json.loads(text[2:])


async def test_no_auth_at_all_is_unauthenticated(hub: RunningHub) -> None:
    client: Any = socketio.AsyncClient(reconnection=False)
    errors: list[Any] = []
    client.on("connect_error", errors.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(hub.socket_url, transports=["websocket"])
    assert errors[0]["data"]["code"] == "unauthenticated"

    async with hub.http.get(f"{hub.rest_url}/station/list") as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_public_key_is_no_secret(make_hub: Any, tmp_path: Any) -> None:
    """A token signed HS256 with the RSA public key, or RS256 with the EC key's id, is forged."""
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    keys = [
        {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key.public_key())), "kid": "r"},
        {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec_key.public_key())), "kid": "e"},
    ]
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": keys}))
    hub: RunningHub = await make_hub(jwt_jwks_file=path)

    async def status(token: str) -> int | None:
        return (await hub.anybody(token).rest("GET", "/station/list")).status

    def rs(kid: str, key: Any, algorithm: str) -> str:
        return jwt.encode(CLAIMS, key, algorithm=algorithm, headers={"kid": kid})

    assert await status(rs("r", rsa_key, "RS256")) == 200
    assert await status(rs("e", ec_key, "ES256")) == 200
    assert await status(rs("r", rsa_key, "RS512")) == 401
    assert await status(rs("e", rsa_key, "RS256")) == 401
    assert await status(rs("unknown", rsa_key, "RS256")) == 401
    header = {"alg": "HS256", "typ": "JWT", "kid": "r"}
    confused = _unsigned(header, CLAIMS).rstrip(".")
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        confused.encode(), json.dumps(keys[0]).encode()
    )
    forged = f"{confused}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert await status(forged) == 401


async def test_a_user_seen_first_is_created_from_the_claims(hub: RunningHub) -> None:
    token = jwt.encode(CLAIMS, _secret(hub), algorithm="HS256")

    await hub.anybody(token).connect()

    user = await hub.records.now.users.get("consumer_001")
    assert (user.name, user.role) == ("Asha", Role.CONSUMER)


async def test_the_payload_names_nobody(hub: RunningHub) -> None:
    """`sub` is the only identity: a user id in the payload changes nothing."""
    station, one, two = await hub.station(), hub.rider(), await hub.rider().ready()

    await one.confirm(station, user_id=two.id, sub=two.id)

    assert (await one.call("queue:mine")).data["station_id"] == station.id
    assert (await two.call("queue:mine")).data is None


# -- an admin for somebody


@pytest.mark.parametrize("with_id", [True, False])
async def test_an_admin_acts_for_somebody_and_it_is_written_down(hub: RunningHub, with_id: bool) -> None:
    station, rider, admin = await hub.station(), await hub.rider().ready(), hub.admin()
    more = {"request_id": "r"} if with_id else {}

    answer = await admin.call("queue:confirm", station_id=station.id, on_behalf_of=rider.id, **more)

    assert answer.ok
    assert (await rider.call("queue:mine")).data["entry_id"] == answer.data["entry_id"]
    (record,) = await hub.records.now.audit.find({})
    assert (record.actor, record.on_behalf_of, record.action) == (admin.id, rider.id, "queue:confirm")


@pytest.mark.parametrize(
    ("named", "code"), [("nobody_there", "not_found"), (5, "validation_failed"), ("a b", "validation_failed")]
)
async def test_an_admin_acts_only_for_somebody_who_exists(hub: RunningHub, named: Any, code: str) -> None:
    answer = await hub.admin().call("queue:mine", on_behalf_of=named)

    assert answer.code == code


async def test_nobody_else_acts_for_somebody(hub: RunningHub) -> None:
    rider = await hub.rider().ready()
    for other in (hub.rider(), hub.transporter(), hub.staff(await hub.station())):
        assert (await other.call("queue:mine", on_behalf_of=rider.id)).code == "forbidden"
    assert await hub.records.now.audit.count({}) == 0


async def test_an_admin_has_the_rights_of_whom_they_act_for_and_no_more(hub: RunningHub) -> None:
    admin, rider, other = hub.admin(), await hub.rider().ready(), await hub.rider().ready()

    asked = {"user_id": other.id, "on_behalf_of": rider.id}
    assert (await admin.call("swap:history", asked)).code == "forbidden"


# -- tokens that end


async def test_a_token_that_ends_is_told_and_renewed(hub: RunningHub) -> None:
    rider = await hub.rider(ttl_s=2).connect()

    told = await rider.until("auth:expired")

    assert told["disconnect_in_seconds"] == 60
    assert (await rider.call("queue:mine")).code == "unauthenticated"
    renewed = await rider.call("auth:refresh", token=hub.token(rider.id, Role.CONSUMER))
    assert renewed.data["expires_at"].endswith("Z")
    assert (await rider.call("queue:mine")).ok


async def test_a_socket_whose_token_stays_ended_is_closed(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.doors.realtime.EXPIRED_GRACE_S", 0.3)
    rider = await hub.rider(ttl_s=1).connect()
    gone = asyncio.Event()
    rider.socket.on("disconnect", lambda *_: gone.set())

    await rider.until("auth:expired")
    async with asyncio.timeout(5):
        await gone.wait()

    assert hub.hub.realtime.connections == 0


async def test_refreshing_takes_only_a_good_token_of_the_same_user(hub: RunningHub) -> None:
    rider, other = await hub.rider().connect(), hub.rider()

    assert (await rider.call("auth:refresh", token="bad")).code == "unauthenticated"
    assert (await rider.call("auth:refresh", token=other.token)).code == "unauthenticated"
    assert (await rider.call("auth:refresh")).code == "validation_failed"
    assert (await rider.call("queue:mine")).ok


async def test_rooms_that_a_new_token_does_not_open_are_left(hub: RunningHub) -> None:
    admin = await hub.admin().connect()
    assert (await admin.call("room:join", room="admin")).ok

    assert (await admin.call("auth:refresh", token=hub.token(admin.id, Role.CONSUMER))).ok

    assert hub.hub.realtime.members["admin"] == 0
    assert (await admin.call("room:join", room="admin")).code == "forbidden"


async def test_a_client_cannot_call_the_handlers_of_the_connection(hub: RunningHub) -> None:
    rider = await hub.rider().ready()
    async with raw_socket(hub, rider.token) as socket:
        (answer,) = await socket.call('["queue:mine"]')
        assert answer["ok"]
    for reserved in ("connect", "disconnect"):
        async with raw_socket(hub, rider.token) as socket:
            await socket.ws.send_str(f'42["{reserved}",{{"token":"{rider.token}"}}]')
            await socket.ws.receive(timeout=5)
    assert (await rider.call("queue:mine")).ok
