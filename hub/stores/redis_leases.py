"""Leases in Redis: a key that goes by itself unless its holder renews it (ADR 27)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from hub.cancelled import end
from hub.leases import Lease, Work
from hub.logs import logger
from hub.stores.redis_client import open_redis
from hub.stores.redis_commands import RedisCommands, Script
from services.base import Secrets
from services.errors import Unavailable

TAKE: Final = Script.load("take_lease")
RENEW: Final = Script.load("renew_lease")
RELEASE: Final = Script.load("release_lease")

_log = logger("hub.leases")


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds. A holder that dies is followed after `lasts_s + try_every_s` at most."""

    lasts_s: float = 4.0
    renew_every_s: float = 1.0
    margin_s: float = 1.0  # work is told to end so long before another node can begin it
    try_every_s: float = 0.5
    ask_s: float = 0.5  # deadline of one question


class RedisLeases:
    """Implements `hub.leases.Leases`.

    | key | holds | kept |
    |---|---|---|
    | `lease:{name}` | the holder's node and token | `lasts_s` after it was renewed |
    | `fence:{lease:{name}}` | the last fence, microseconds or more | for good: it must not go back |
    """

    def __init__(
        self, commands: RedisCommands, *, node: str, secrets: Secrets, times: LeaseTimes | None = None
    ) -> None:
        """`node` is what `holders` shows; each holding has a token of its own from `secrets`."""
        self._commands = commands
        self._node = node
        self._secrets = secrets
        self._times = times or LeaseTimes()
        self._leases: dict[str, Lease | None] = {}  # that this node wants, and has

    @classmethod
    @asynccontextmanager
    async def open(
        cls, target: str, *, node: str, secrets: Secrets, times: LeaseTimes | None = None
    ) -> AsyncIterator[RedisLeases]:
        """Leases in the Redis at `target`."""
        times = times or LeaseTimes()
        async with open_redis(target, name=f"navswap-leases-{node}") as client:
            commands = RedisCommands(client, TAKE, RENEW, RELEASE, deadline_s=times.ask_s)
            yield cls(commands, node=node, secrets=secrets, times=times)

    async def run(self, name: str, work: Work) -> None:
        self._leases.setdefault(name, None)
        while True:
            token = f"{self._node} {self._secrets()}"
            try:
                lease = self._leases[name] = await self._take(name, token)
                _log.info("lease taken", lease=name, fence=lease.fence)
                if await self._work_while_held(lease, token, work):
                    return
            finally:
                self._leases[name] = None
                await self._release(name, token)

    def held(self) -> Mapping[str, bool]:
        return {name: lease is not None and lease.held for name, lease in self._leases.items()}

    async def holders(self) -> Mapping[str, str | None]:
        names = list(self._leases)
        try:
            values = await self._commands.all([("GET", _key(name)) for name in names])
        except Unavailable:
            return dict.fromkeys(names)
        nodes = [value.decode().partition(" ")[0] or None if value else None for value in values]
        return dict(zip(names, nodes, strict=True))

    async def _take(self, name: str, token: str) -> Lease:
        """Ask until the lease is ours."""
        time, times = asyncio.get_running_loop().time, self._times
        lasts_ms = round(times.lasts_s * 1000)
        while True:
            asked_at = time()  # the lease lasts at least from here
            with contextlib.suppress(Unavailable):
                take = TAKE.on_both(_key(name), f"fence:{{{_key(name)}}}", token, lasts_ms)
                if fence := await self._commands.one(*take):
                    return Lease(name, fence, time=time, until_s=asked_at + times.lasts_s - times.margin_s)
            await asyncio.sleep(times.try_every_s)

    async def _work_while_held(self, lease: Lease, token: str, work: Work) -> bool:
        """Do the work, renewing; true when it has come to its end, false when the lease was lost first."""
        task = asyncio.create_task(_do(work, lease), name=f"{lease.name} by lease")
        try:
            while not task.done():
                await asyncio.wait((task,), timeout=self._times.renew_every_s)
                if not task.done() and not await self._renew(lease, token):
                    _log.warning("lease lost", lease=lease.name, fence=lease.fence)
                    break
        finally:
            await end(task)
        if task.done() and not task.cancelled():
            task.result()
        return lease.held

    async def _renew(self, lease: Lease, token: str) -> bool:
        """Try until it is renewed or, by answer or by time, lost: then false."""
        time, times = asyncio.get_running_loop().time, self._times
        renew = RENEW.on(_key(lease.name), token, round(times.lasts_s * 1000))
        try:
            async with asyncio.timeout_at(lease.until_s):
                while True:
                    asked_at = time()
                    try:
                        is_ours = await self._commands.one(*renew)
                        break
                    except Unavailable:
                        await asyncio.sleep(times.try_every_s)
        except TimeoutError:
            return False
        lease.until_s = asked_at + times.lasts_s - times.margin_s if is_ours else 0.0
        return lease.held

    async def _release(self, name: str, token: str) -> None:
        """Let others have it at once; without an answer it goes by itself."""
        with contextlib.suppress(Unavailable):
            await self._commands.one(*RELEASE.on(_key(name), token))


def _key(name: str) -> str:
    return f"lease:{name}"


async def _do(work: Work, lease: Lease) -> None:
    await work(lease)
