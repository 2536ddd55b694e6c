"""`open_redis` with a password, on a socket, over TLS, and with nobody who answers."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from urllib.parse import quote

import pytest
from redis.exceptions import AuthenticationError

from hub.stores.redis_client import ANSWER_S, CONNECT_S, FAILURES, FREE_S, open_redis
from tests.real.redis_server import single
from tests.support.certificate import write_certificate
from tests.support.processes import free_port

PASSWORD = "p@ss/w:rd?"


async def answers(target: str, key: str = "key") -> bool:
    async with open_redis(target, name="navswap-test") as client:
        return bool(await client.set(key, b"\xff") and await client.get(key) == b"\xff")


async def test_a_password_with_every_sign(tmp_path: Path) -> None:
    with single(tmp_path, "--requirepass", PASSWORD, password=PASSWORD) as server:
        assert await answers(f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/3")
        with pytest.raises(AuthenticationError):
            await answers(f"redis://:wrong@127.0.0.1:{server.port}")
        with pytest.raises(AuthenticationError):
            await answers(f"127.0.0.1:{server.port}")


async def test_a_socket_in_the_file_system(tmp_path: Path) -> None:
    with single(tmp_path, "--unixsocket", str(tmp_path / "redis.sock")) as server:
        assert await answers(f"unix://{tmp_path}/redis.sock?db=2")
        assert server.ask("INFO", "keyspace") == {"db2": {"keys": 1, "expires": 0, "avg_ttl": 0}}


async def test_tls_is_checked(tmp_path: Path) -> None:
    key, certificate = write_certificate(tmp_path)
    port = free_port()
    tls = ("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    with single(tmp_path, *tls, "--tls-ca-cert-file", str(certificate), "--tls-auth-clients", "no"):
        assert await answers(f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}")
        with pytest.raises(FAILURES, match="certificate verify failed"):
            await answers(f"rediss://127.0.0.1:{port}")


async def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with (
            asyncio.timeout(CONNECT_S + FREE_S + ANSWER_S),
            open_redis(f"127.0.0.1:{port}", name="n") as client,
        ):
            with pytest.raises(FAILURES):
                await client.get("key")
