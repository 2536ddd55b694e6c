"""The forms of REDIS_HOST."""

from __future__ import annotations

import pytest

from hub.stores.redis_address import RedisAddress, RedisForm


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("cache", "redis://cache"),
        ("cache:6380", "redis://cache:6380"),
        ("10.0.0.7", "redis://10.0.0.7"),
        ("::1", "redis://[::1]"),
        ("[::1]:6380", "redis://[::1]:6380"),
        ("redis://hub:pw@cache:6380/3", "redis://hub:pw@cache:6380/3"),
        ("rediss://cache?ssl_ca_certs=/ca.pem", "rediss://cache?ssl_ca_certs=/ca.pem"),
        ("unix:///run/redis.sock?db=2", "unix:/run/redis.sock?db=2"),
    ],
)
def test_one_server(target: str, url: str) -> None:
    assert RedisAddress.parse(target) == RedisAddress(RedisForm.SINGLE, url)


def test_sentinels_and_the_service_they_know() -> None:
    target = "redis+sentinel://hub:p%40w@one:1,two/city/2?sentinel_username=s&sentinel_password=t"

    assert RedisAddress.parse(target) == RedisAddress(
        RedisForm.SENTINEL, "redis://hub:p%40w@/2", (("one", 1), ("two", 26379)), "city", "s", "t"
    )


def test_nodes_of_a_cluster_and_tls() -> None:
    address = RedisAddress.parse("rediss+cluster://hub:pw@one,[::2]:7000/0?ssl_ca_certs=/ca.pem")

    assert address.form is RedisForm.CLUSTER
    assert address.nodes == (("one", 6379), ("::2", 7000))
    assert address.url == "rediss://hub:pw@/?ssl_ca_certs=%2Fca.pem"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("", "no host"),
        ("two words", "no host"),
        ("redis://", "no host"),
        ("redis+cluster://,", "no host"),
        ("http://cache", "no scheme of Redis"),
        ("redis+ring://cache", r"not `\+ring`"),
        ("redis://cache/live", "no number"),
        ("unix:///run/redis.sock?db=live", "no number"),
        ("redis://cache:port", "Port"),
        ("redis://cache:99999", "Port"),
        ("redis://cache?socket_timeout=60", "unknown option: socket_timeout"),
        ("redis+cluster://cache/3", "database 0"),
        ("redis+sentinel://cache", "no service"),
        ("unix://", "no socket"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(target: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        RedisAddress.parse(target)


def test_passwords_are_not_shown() -> None:
    target = "redis+sentinel://hub:swordfish@one/city?sentinel_password=marlin"

    assert "swordfish" not in repr(RedisAddress.parse(target))
    assert "marlin" not in repr(RedisAddress.parse(target))
    with pytest.raises(ValueError, match="unknown option") as refused:
        RedisAddress.parse("redis://hub:swordfish@one?typo=1")
    assert "swordfish" not in str(refused.value)
