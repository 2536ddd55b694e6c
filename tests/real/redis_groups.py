"""Several real Redis servers: a cluster, and a master with a replica and a Sentinel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.real.redis_server import RedisServer, require, until
from tests.support.processes import free_port

SLOTS: Final = 16_384


class RedisClusterServers:
    """Three masters, each with a third of the slots."""

    def __init__(self, folder: Path) -> None:
        self._bus_ports = [free_port() for _ in range(3)]
        self.nodes = [self._node(folder / str(port), port) for port in self._bus_ports]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def join(self) -> None:
        """Deal out the slots and let the nodes meet; returns when each knows all."""
        for number, node in enumerate(self.nodes):
            first, beyond = SLOTS * number // 3, SLOTS * (number + 1) // 3
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, beyond - 1)
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node, bus_port in list(zip(self.nodes, self._bus_ports, strict=True))[1:]:
            self.nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, bus_port)
        until(lambda: all(self._is_ok(node) for node in self.nodes), "a cluster that covers all slots")

    def empty(self) -> None:
        for node in self.nodes:
            node.ask("FLUSHALL")

    @staticmethod
    def _node(folder: Path, bus_port: int) -> RedisServer:
        of_cluster = ("--cluster-enabled", "yes", "--cluster-port", str(bus_port))
        return RedisServer(folder, "--save", "", *of_cluster, "--cluster-node-timeout", "2000")

    def _is_ok(self, node: RedisServer) -> bool:
        info = node.ask("CLUSTER INFO")
        return info["cluster_state"] == "ok" and info["cluster_known_nodes"] == str(len(self.nodes))


@contextmanager
def cluster(folder: Path) -> Iterator[RedisClusterServers]:
    """A cluster without replicas."""
    require("redis-server")
    servers = RedisClusterServers(folder)
    with ExitStack() as stack:
        for node in servers.nodes:
            stack.callback(node.kill)
            node.start()
        servers.join()
        yield servers


class RedisPair:
    """A master, its replica, and a Sentinel that promotes it half a second after the master is gone."""

    def __init__(self, folder: Path) -> None:
        self.master = RedisServer(folder / "master", "--save", "")
        self.replica = RedisServer(
            folder / "replica", "--save", "", "--replicaof", f"127.0.0.1 {self.master.port}"
        )
        port, settings = free_port(), folder / "sentinel.conf"
        settings.write_text(
            f"port {port}\nsentinel monitor hub 127.0.0.1 {self.master.port} 1\n"
            "sentinel down-after-milliseconds hub 500\nsentinel failover-timeout hub 3000\n"
        )
        self.sentinel = RedisServer(folder / "sentinel", "--sentinel", port=port, settings=settings)

    @property
    def url(self) -> str:
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/hub"

    def is_complete(self) -> bool:
        """Does the Sentinel know of a replica that is in step?"""
        in_step = self.replica.ask("INFO", "replication").get("master_link_status") == "up"
        return in_step and len(self.sentinel.ask("SENTINEL", "REPLICAS", "hub")) == 1


@contextmanager
def pair(folder: Path) -> Iterator[RedisPair]:
    """A master and a replica under one Sentinel."""
    require("redis-server")
    servers = RedisPair(folder)
    with ExitStack() as stack:
        for server in (servers.master, servers.replica, servers.sentinel):
            stack.callback(server.kill)
            server.start()
        until(servers.is_complete, "a replica in step")
        yield servers
