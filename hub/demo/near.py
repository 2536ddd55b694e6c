"""A hub without doors: dispatcher, event log, timers and live state in this process, on a file that survives.

Its clients call operations and hear events as through a socket. It can be killed at any moment: what the
file holds then is all that the next life of the hub begins with.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from hub import registry
from hub.demo.client import Client, Heard
from hub.dispatch import Dispatcher, Request
from hub.fanout import READER, Fanout
from hub.lifespan import RECORDS_FILE
from hub.limits import Limits
from hub.metrics import Metrics
from hub.once import Keeper
from hub.operations import Identity, Registry
from hub.payloads import ValuePayload
from hub.people_seen import Seen
from hub.rooms import HubRooms, automatic
from hub.signing import ItsDangerousSigner
from hub.snapshots import Stats
from hub.stores.memory import MemoryLive
from hub.stores.outbox import OutboxReader
from hub.stores.sqlite import SqliteStore
from services.base import Clock, Ids
from services.errors import ErrorCode
from services.models import Role
from services.network import Services
from services.rules import Rules

TIMERS_EVERY_S: Final = 15.0  # a timer set meanwhile is seen so late at most
HOUSE_EVERY_S: Final = 3600.0
KEEP_EVERY_S: Final = 30.0  # the reader's place; after a kill so much is heard again
DEADLINE_S: Final = 10.0
SECRET: Final = "of a hub that nobody can reach"  # noqa: S105
WAL: Final = f"{RECORDS_FILE}-wal"


@dataclass
class _Life:
    """What a hub has in memory, from its start to its end."""

    services: Services
    dispatcher: Dispatcher
    store: SqliteStore
    stack: AsyncExitStack
    faults: list[str]  # what may never happen
    running: set[asyncio.Task[Any]] = field(default_factory=set)

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Something that does not outlive it."""
        task = asyncio.get_running_loop().create_task(work)
        self.running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.faults.append(f"a task of the hub has failed: {error!r}")


class NearHub:
    """`directory` holds the records of one life at a time, in a directory of its own."""

    def __init__(self, directory: Path, *, clock: Clock, ids: Ids, rules: Rules) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()  # by event, and `ok` or the error code
        self.faults: list[str] = []  # what may never happen
        self.lives = 0
        self._directory = directory
        self._clock = clock
        self._ids = ids
        self._rules = rules
        self._registry: Registry = registry.build()
        self._clients: list[NearClient] = []
        self._rooms: defaultdict[str, dict[NearClient, None]] = defaultdict(dict)
        self._up = asyncio.Event()
        self._life: _Life | None = None

    @property
    def path(self) -> Path:
        """The directory of this life's records."""
        return self._directory / f"life_{self.lives}"

    @property
    def services(self) -> Services:
        """Raises ConnectionError while the hub is down."""
        return self._now().services

    def _now(self) -> _Life:
        if self._life is None:
            raise ConnectionError("the hub is down")
        return self._life

    # -- its lives

    async def start(self) -> None:
        """Open the records and serve whoever is connected, as a hub does at its start."""
        stack = AsyncExitStack()
        store = await stack.enter_async_context(SqliteStore.open(self.path / RECORDS_FILE, clock=self._clock))
        # It is this process that dies, not the machine: nothing has to be on the disk.
        store.writer.connection.execute("PRAGMA synchronous = OFF")
        services = Services.build(
            records=store.records,
            log=store.log,
            live=MemoryLive(clock=self._clock),
            clock=self._clock,
            ids=self._ids,
            secrets=self._ids,
            signer=ItsDangerousSigner(SECRET),
            rules=self._rules,
        )
        await services.stations.rebuild_live()
        metrics = Metrics()
        fanout = Fanout(self, metrics)
        dispatcher = self._dispatcher(services, store, metrics)
        self._life = _Life(services, dispatcher, store, stack, self.faults)
        await stack.enter_async_context(
            OutboxReader(store.log, READER, fanout.deliver, clock=self._clock, keep_every_s=KEEP_EVERY_S)
        )
        self._life.begin(self._fire_timers(services))
        self._life.begin(self._keep_house(services, store))
        self._welcome()

    def _dispatcher(self, services: Services, store: SqliteStore, metrics: Metrics) -> Dispatcher:
        return Dispatcher(
            services,
            HubRooms(services, _no_stats),
            limits=Limits(services.world.live, 0, 0),
            keeper=Keeper(store.records, services.world.signer, self._clock),
            seen=Seen(services.people),
            metrics=metrics,
            deadline_s=DEADLINE_S,
        )

    def _welcome(self) -> None:
        self._rooms.clear()
        self._up.set()
        for client in self._clients:
            self.enter(client)

    def enter(self, client: NearClient) -> None:
        """Put somebody into the rooms that come by themselves; the first event is the session's."""
        for room in automatic(client.identity):
            self._rooms[room][client] = None
        client.hear("hub:session", {"pid": "near", "recovered": False, "window_seconds": 0})

    async def kill(self) -> None:
        """End this life without a word to anybody; the next one has the file as it is now."""
        life, before = self._now(), self.path
        self._life = None
        self._up.clear()
        self.lives += 1
        self.path.mkdir(parents=True)
        for name in (RECORDS_FILE, WAL):
            if (before / name).exists():
                shutil.copyfile(before / name, self.path / name)
        await self._bury(life)
        shutil.rmtree(before)

    async def stop(self) -> None:
        """End in order."""
        life, self._life = self._now(), None
        self._up.clear()
        await self._bury(life)

    @staticmethod
    async def _bury(life: _Life) -> None:
        tasks = list(life.running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await life.stack.aclose()

    async def until_up(self) -> None:
        await self._up.wait()

    # -- its work

    async def _fire_timers(self, services: Services) -> None:
        while True:
            try:
                following = await services.timers.run_due(self._clock())
            except ExceptionGroup as failed:
                self.faults += [f"a timer failed: {error!r}" for error in failed.exceptions]
                following = None
            await asyncio.sleep(self._pause_s(following))

    def _pause_s(self, following: datetime | None) -> float:
        if following is None:
            return TIMERS_EVERY_S
        return min(TIMERS_EVERY_S, max(0.01, (following - self._clock()).total_seconds()))

    async def _keep_house(self, services: Services, store: SqliteStore) -> None:
        """Once an hour what a hub does of its own accord: look ahead, take a checkpoint, drop what is old."""
        checkpoints, foresight = services.admin.checkpoints, services.foresight
        while True:
            await asyncio.sleep(HOUSE_EVERY_S)
            begun = await foresight.begin()
            for station_id in begun.station_ids:
                await foresight.look(begun, station_id)
            if await checkpoints.is_due():
                await checkpoints.take()
            await checkpoints.drop_old()
            await services.retention.run()
            await store.prune()

    # -- its clients

    def client(self, user: str, role: Role, station: str | None = None) -> NearClient:
        """Somebody with a token, who is not connected yet."""
        return NearClient(self, Identity(user, role, user, station, float("inf")), self._ids)

    def connect(self, client: NearClient) -> None:
        """From now on the client is there in every life of the hub."""
        self._clients.append(client)
        if self._up.is_set():
            self.enter(client)

    async def ask(self, client: NearClient, event: str, request: dict[str, Any]) -> dict[str, Any]:
        """The acknowledgement. Raises ConnectionError when the hub is down, or dies before it answers."""
        life = self._now()
        asked = Request(client.identity, ValuePayload(request), session=client)
        running = life.begin(life.dispatcher.run(self._registry[event], asked))
        await asyncio.wait((running,))
        if running.cancelled():
            raise ConnectionError("the hub has died")
        outcome = running.result()
        self.answers[event, outcome.label] += 1
        if outcome.label == ErrorCode.INTERNAL:
            self.faults.append(f"{event}: {outcome.refusal}")
        answer: dict[str, Any] = outcome.ack()
        return answer

    def join(self, client: NearClient, room: str) -> None:
        self._rooms[room][client] = None

    def leave(self, client: NearClient, room: str) -> None:
        self._rooms[room].pop(client, None)

    async def emit(
        self, event: str, data: Any, *, room: Any, once: tuple[str, int, int] | None = None
    ) -> None:
        """Tell everybody in one of the rooms, once each. Implements `hub.fanout.Emitter`."""
        for client in {client: None for name in room for client in self._rooms.get(name, ())}:
            client.hear(event, data)


class NearClient(Client):
    """One person or device, in the hub's own process. Implements `hub.operations.Session`."""

    def __init__(self, hub: NearHub, identity: Identity, ids: Ids) -> None:
        self.sid = identity.user_id
        self.identity = identity
        self._hub = hub
        self._ids = ids
        self._listeners: dict[str, Heard] = {}
        self._hearing: set[asyncio.Task[None]] = set()

    def on(self, event: str, heard: Heard) -> None:
        self._listeners[event] = heard

    def hear(self, event: str, data: dict[str, Any]) -> None:
        """Begin to do what the listener of the event does."""
        listener: Callable[..., Any] | None = self._listeners.get(event)
        if listener is not None:
            task: asyncio.Task[None] = asyncio.get_running_loop().create_task(listener(data))
            self._hearing.add(task)
            task.add_done_callback(self._heard)

    def _heard(self, task: asyncio.Task[None]) -> None:
        self._hearing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._hub.faults.append(f"{self.sid} cannot hear: {error!r}")

    async def keep_connected(self) -> None:
        self._hub.connect(self)  # which knows when it is back

    def _request_id(self) -> str:
        return self._ids()

    async def _asked(self, event: str, request: dict[str, Any]) -> dict[str, Any] | None:
        await self._hub.until_up()
        try:
            return await self._hub.ask(self, event, request)
        except ConnectionError:
            return None

    async def tell(self, event: str, payload: dict[str, Any]) -> None:
        try:
            await self._hub.ask(self, event, payload)
        except ConnectionError:
            return

    async def join(self, room: str) -> None:
        self._hub.join(self, room)

    async def leave(self, room: str) -> None:
        self._hub.leave(self, room)

    async def renew(self, token: str) -> Identity:
        return self.identity


async def _no_stats() -> Stats:
    return Stats(connections=0, events_per_s=0, commands_per_s=0, open_entries=0, swaps_today=0)
