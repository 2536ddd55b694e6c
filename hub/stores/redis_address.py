"""Where Redis is: the forms that `REDIS_HOST` may have. Pure; knows no driver."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379

OPTIONS: Final = frozenset(
    ("db", "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname")
)
SENTINEL_OPTIONS: Final = frozenset(("sentinel_username", "sentinel_password"))


class RedisForm(StrEnum):
    """How the servers are arranged."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """One server, the Sentinels that know which server is the master, or some nodes of a cluster."""

    form: RedisForm
    # Not shown: it holds a password.
    url: str = field(
        repr=False
    )  # `redis://`, `rediss://` or `unix://`: who we are there, the database, TLS options
    nodes: tuple[tuple[str, int], ...] = ()  # Sentinels or cluster nodes; one that answers is enough
    service: str = ""  # the master's name at the Sentinels
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, target: str) -> RedisAddress:
        """Read one of these; raises ValueError, which never repeats a password.

        `host`, `host:port`, `redis://[user:password@]host[:port][/db]`, `rediss://...`,
        `unix://[user:password@]/path[?db=n]`, `redis+sentinel://[user:password@]host[:port],.../service[/db]`,
        `redis+cluster://[user:password@]host[:port],...`, and the last two with `rediss+` for TLS.
        TLS options: `?ssl_ca_certs=FILE&ssl_certfile=FILE&ssl_keyfile=FILE`. The user and password are the
        servers'; those of the Sentinels are `?sentinel_username=...&sentinel_password=...`.
        """
        url = urlsplit(target if "://" in target else f"redis://{_bracketed(target)}")
        scheme, _, form = url.scheme.partition("+")
        if scheme not in ("redis", "rediss") and url.scheme != "unix":
            raise ValueError("is no host and begins with no scheme of Redis, such as redis://")
        if form == "":
            return _single(url)
        if form == "sentinel":
            return _sentinel(url, scheme)
        if form == "cluster":
            return _cluster(url, scheme)
        raise ValueError(f"knows `+sentinel` and `+cluster`, not `+{form}`")


def _single(url: SplitResult) -> RedisAddress:
    _options(url, OPTIONS)
    if url.scheme == "unix":
        if not url.path:
            raise ValueError("names no socket: unix:///path")
    else:
        _host_port(url.netloc.rpartition("@")[2], REDIS_PORT)
        _database(url.path.strip("/"))
    return RedisAddress(RedisForm.SINGLE, url.geturl())


def _sentinel(url: SplitResult, scheme: str) -> RedisAddress:
    options = _options(url, OPTIONS | SENTINEL_OPTIONS)
    service, _, database = url.path.strip("/").partition("/")
    if not service:
        raise ValueError("names no service: redis+sentinel://host:port,host:port/service")
    names = {name: options.pop(name, None) for name in SENTINEL_OPTIONS}
    server = _server(url, scheme, _database(database), options)
    return RedisAddress(RedisForm.SENTINEL, server, _nodes(url, SENTINEL_PORT), service, **names)


def _cluster(url: SplitResult, scheme: str) -> RedisAddress:
    options = _options(url, OPTIONS - {"db"})
    if url.path.strip("/") not in ("", "0"):
        raise ValueError("a cluster has database 0 only")
    return RedisAddress(RedisForm.CLUSTER, _server(url, scheme, "", options), _nodes(url, REDIS_PORT))


def _bracketed(target: str) -> str:
    """A bare IPv6 address as a URL wants it."""
    return f"[{target}]" if target.count(":") > 1 and "[" not in target else target


def _options(url: SplitResult, known: frozenset[str]) -> dict[str, str]:
    options = {name: values[-1] for name, values in parse_qs(url.query).items()}
    unknown = sorted(options.keys() - known)
    if unknown:
        raise ValueError(f"has an unknown option: {unknown[0]}; known here: {', '.join(sorted(known))}")
    if not options.get("db", "0").isdigit():
        raise ValueError("names a database that is no number")
    return options


def _database(path: str) -> str:
    if path and not path.isdigit():
        raise ValueError("names a database that is no number")
    return path


def _server(url: SplitResult, scheme: str, database: str, options: dict[str, str]) -> str:
    """The URL of one server, without its host: that is found out by asking."""
    who = url.netloc.rpartition("@")[0]
    return SplitResult(scheme, f"{who}@" if who else "", f"/{database}", urlencode(options), "").geturl()


def _nodes(url: SplitResult, port: int) -> tuple[tuple[str, int], ...]:
    return tuple(_host_port(node, port) for node in url.netloc.rpartition("@")[2].split(","))


def _host_port(node: str, default: int) -> tuple[str, int]:
    """Raises ValueError for what is no `host` or `host:port`."""
    one = urlsplit(f"//{node}")
    if not one.hostname or one.username or " " in one.hostname:
        raise ValueError("names no host")
    return one.hostname, one.port or default
