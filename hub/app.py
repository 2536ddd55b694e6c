"""The hub in one piece: the only file that wires stores, services, handlers and doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hub import registry
from hub.auth import LONGEST_TOKEN, Authenticator
from hub.clock import utc_now
from hub.config import Settings
from hub.dispatch import Dispatcher
from hub.doors import duty as duty_door
from hub.doors.cors import Origins, cors
from hub.doors.dashboard import Addresses, DashboardDoor
from hub.doors.docs import DocsDoor
from hub.doors.http import problems, stamp
from hub.doors.realtime import RealtimeDoor
from hub.doors.rest import RestDoor
from hub.doors.status import StatusDoor
from hub.doors.worker_metrics import WorkerMetrics
from hub.external import External
from hub.fanout import READER, Fanout
from hub.foresight import ForesightOwner, RebalancingOwner
from hub.history import CheckpointOwner, TrafficOwner
from hub.ids import SortableIds, nonce
from hub.job_moves import JobMoves
from hub.leases import Lease
from hub.lifespan import Resources, open_resources
from hub.limits import Limits
from hub.logs import logger
from hub.metrics import Metrics
from hub.once import Keeper
from hub.payloads import LARGEST_PAYLOAD_BYTES
from hub.people_seen import Seen
from hub.readiness import Readiness
from hub.rooms import ADMIN, HubRooms
from hub.signing import DashboardLinks, ItsDangerousSigner
from hub.socket_server import socket_server
from hub.stores.outbox import OutboxReader
from hub.supervisor import Supervisor
from hub.tickers import Positions, StatsTicker, alone
from hub.timers import PruneOwner, TimerOwner
from hub.worker import LOOPBACK, Worker
from mlmodels.runtime import Runtime
from services.base import Clock
from services.network import Services
from services.rules import RebalancingMode

if TYPE_CHECKING:
    from hub.intake import Run
    from hub.kafka import KafkaSide

REST_CLOSE_S: Final = 2.0
LAG_EVERY_S: Final = 1.0
LARGEST_LINE_BYTES: Final = 2 * LONGEST_TOKEN  # of a request's first line and of each header

_log = logger("hub")


class Hub:
    """A running hub. `socket_port` and `rest_port` are where its doors are."""

    def __init__(
        self, settings: Settings, resources: Resources, *, clock: Clock, worker: Worker | None = None
    ) -> None:
        """`worker`: others listen on our ports, too."""
        self.settings = settings
        self.resources = resources
        self._worker = worker
        self.socket_port = self.rest_port = 0
        self.metrics = Metrics()
        self.supervisor = Supervisor(self.metrics)
        self.authenticator = Authenticator.of(settings, clock)
        self.links = DashboardLinks(settings.secret("link"), clock)
        signer = ItsDangerousSigner(settings.secret("qr"))
        self.services = Services.build(
            records=resources.records,
            live=resources.live,
            log=resources.log,
            clock=clock,
            ids=SortableIds(),
            secrets=nonce,
            signer=signer,
            rules=settings.rules(),
            models=Runtime(settings.model_paths()),
        )
        self.keeper = Keeper(resources.records, signer, clock)
        self._message_keeper = Keeper(resources.records, signer, clock, keeps_refusals=False)
        self.seen = Seen(self.services.people)
        self.registry = registry.build()
        self.origins = Origins(
            frozenset(settings.cors_allowed_origins), settings.public_rest_url, lambda: self.rest_port
        )
        self.server: Any = socket_server(settings, self.origins, resources.bus, worker)
        self.metrics.watch(self.server.stats)
        self.metrics.watch_leases(resources.leases.held)
        self.metrics.watch_models(self.services.world.models.answers)
        self._wire()

    def _wire(self) -> None:
        """What needs the server, and each other."""
        world, time = self.services.world, asyncio.get_running_loop().time
        bus = self.resources.bus
        self.readiness = Readiness(self.services, self._write_something, time=time)
        self.resources.tell_when_stale(self.readiness.mark_stale)
        self.stats = StatsTicker(
            world,
            self.server,
            self.metrics,
            connections=lambda: self.realtime.connections,
            watched=lambda: self.realtime.members[ADMIN] > 0,
            sums=bus.sums if bus is not None else alone,
        )
        self.rooms = HubRooms(self.services, self.stats.now)
        self.dispatcher = self._dispatcher(
            self.keeper, self.settings.rate_limit_per_minute, self.settings.rate_limit_per_hour
        )
        self.realtime = RealtimeDoor(
            self.server,
            self.registry,
            self.dispatcher,
            authenticator=self.authenticator,
            rooms=self.rooms,
            seen=self.seen,
            clock=world.clock,
            ids=world.ids,
        )
        self.fanout = Fanout(self.server, self.metrics, at_once=bus is not None)
        self.positions = Positions(
            world,
            self.server,
            self.seen,
            # where there are other nodes, their admins watch, too
            watched=lambda: bus is not None or self.realtime.members[ADMIN] > 0,
        )
        self.fanout.listen(self.positions.heard)
        self.job_moves = JobMoves(
            world,
            self.server,
            self.seen,
            watched=lambda room: bus is not None or self.realtime.members[room] > 0,
        )
        self.fanout.listen(self.job_moves.heard)
        self._watch_duty()
        self.kafka = self._kafka()
        self.reader = OutboxReader(self.resources.log, READER, self.fanout.deliver, clock=world.clock)

    def _watch_duty(self) -> None:
        duty = self.realtime.duty
        if self.resources.bus is None:
            self.fanout.listen(duty.listen_to_fanout)
        else:
            self.server.manager.watch(duty_door.BEGINS, partial(duty.hear, begins=True))
            self.server.manager.watch(duty_door.ENDS, partial(duty.hear, begins=False))
            self.server.manager.watch(duty_door.GIVEN_BACK, partial(duty.hear, begins=False))

    def _kafka(self) -> KafkaSide | None:
        """None where no brokers are set."""
        if self.settings.kafka_bootstrap_servers is None:
            return None
        from hub.kafka import KafkaSide  # a hub without Kafka needs no driver of it

        return KafkaSide(
            self.settings,
            self.resources.log,
            self.resources.leases,
            self.by_message("station:telemetry"),
            self.metrics,
            clock=self.services.world.clock,
        )

    def by_message(self, event: str) -> Run:
        """An operation as messages call it: their broker limits them, and a dead letter may come again."""
        return partial(self._dispatcher(self._message_keeper, 0, 0).run, self.registry[event])

    def _dispatcher(self, keeper: Keeper, per_minute: int, per_hour: int) -> Dispatcher:
        return Dispatcher(
            self.services,
            self.rooms,
            limits=Limits(self.resources.live, per_minute, per_hour),
            keeper=keeper,
            seen=self.seen,
            metrics=self.metrics,
            deadline_s=self.settings.command_deadline_seconds,
        )

    def rest_application(self) -> web.Application:
        """The REST side: operations, status, docs, dashboard."""
        application = web.Application(
            client_max_size=LARGEST_PAYLOAD_BYTES,
            middlewares=[cors(self.origins), problems(self.services.world.ids)],
        )
        application.on_response_prepare.append(stamp)
        addresses = Addresses(self.settings, lambda: self.socket_port, lambda: self.rest_port)
        worker = self._worker
        workers = WorkerMetrics(worker.number, worker.rest_doors()) if worker is not None else None
        StatusDoor(
            self.readiness,
            self.authenticator,
            self.metrics,
            self.resources.leases,
            self.supervisor.states,
            self.kafka,
            workers,
        ).add_to(application)
        DocsDoor(self.registry).add_to(application)
        DashboardDoor(addresses, self.resources.records, self.authenticator, self.links).add_to(application)
        RestDoor(self.registry, self.dispatcher, self.authenticator).add_to(application)
        return application

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Hub]:
        """Serve while the block runs; then send the clients away and stop, in the reverse order."""
        async with AsyncExitStack() as stack:
            await self.services.stations.rebuild_live()
            if self.resources.bus is None:
                await stack.enter_async_context(self.reader)
            stack.push_async_callback(self.supervisor.stop)
            self._own_tasks()
            if self.kafka is not None:
                stack.push_async_callback(self.kafka.intake.drain, self.settings.drain_seconds)
            stack.push_async_callback(self.server.close)
            self.socket_port = await self._listen()
            self.rest_port = await self._start_rest(stack)
            stack.push_async_callback(self._drain)
            _log.info("hub is ready", socket_port=self.socket_port, rest_port=self.rest_port)
            yield self

    async def _listen(self) -> int:
        host, port = self.settings.hub_host, self.settings.hub_port
        if self._worker is not None:
            await self.server.listen(LOOPBACK, self._worker.private_hub_port, reuse_port=True)
        return int(await self.server.listen(host, port, reuse_port=self._worker is not None))

    async def _write_something(self) -> None:
        """A durable write, the way commands go, that changes nothing."""
        await self.resources.log.keep_position(READER, self.reader.at)

    def _own_tasks(self) -> None:
        leases = self.resources.leases
        for name, run in self.resources.tasks.items():
            self.supervisor.own(name, run)
        self.supervisor.own_on_one_node("timers", leases, TimerOwner(self.services, self.metrics).run)
        self.supervisor.own_on_one_node("prune", leases, PruneOwner(self.resources.prune).run)
        self.supervisor.own_on_one_node("retention", leases, PruneOwner(self.services.retention.run).run)
        self.supervisor.own_on_one_node("checkpoints", leases, CheckpointOwner(self.services).run)
        self.supervisor.own_on_one_node("traffic", leases, TrafficOwner(self.services).run)
        self.supervisor.own_on_one_node("foresight", leases, ForesightOwner(self.services).run)
        if self.settings.rebalancing is not RebalancingMode.OFF:
            self.supervisor.own_on_one_node("rebalancing", leases, RebalancingOwner(self.services).run)
        if self.resources.bus is not None:
            self.supervisor.own_on_one_node(READER, leases, self._read_for_all)
            external = External(self.resources.bus, self.server)
            self.supervisor.own_on_one_node("external", leases, external.run)
        self.supervisor.own("expiry", self.realtime.expiry.run)
        self.supervisor.own("duty", self.realtime.duty.run)
        self.supervisor.own("positions", self.positions.run)
        self.supervisor.own("job moves", self.job_moves.run)
        self.supervisor.own("stats", self.stats.run)
        self.supervisor.own("readiness", self.readiness.run)
        self.supervisor.own("lag", self._measure_lag)
        if self.kafka is not None:
            self.kafka.own(self.supervisor)

    async def _read_for_all(self, _lease: Lease) -> None:
        """Emit what is committed to the rooms of every node, while this is the node that does."""
        async with self.reader:
            await asyncio.Event().wait()

    async def _measure_lag(self) -> None:
        while True:
            if self.resources.bus is None or self.resources.leases.held().get(READER):
                lag = await self.reader.lag()
                self.metrics.lagging(lag.records, lag.age_s)
            await asyncio.sleep(LAG_EVERY_S)

    async def _start_rest(self, stack: AsyncExitStack) -> int:
        runner = web.AppRunner(
            self.rest_application(),
            access_log=None,
            shutdown_timeout=REST_CLOSE_S,
            max_line_size=LARGEST_LINE_BYTES,
            max_field_size=LARGEST_LINE_BYTES,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        shared = True if self._worker is not None else None
        site = web.TCPSite(runner, self.settings.hub_host, self.settings.rest_port, reuse_port=shared)
        await site.start()
        port = int(runner.addresses[0][1])
        if self._worker is not None:
            await web.TCPSite(runner, LOOPBACK, self._worker.private_rest_port, reuse_port=True).start()
        return port

    async def _drain(self) -> None:
        """Say that we are not ready, then send the clients away over a while."""
        self.readiness.draining = True
        if self.resources.bus is not None:
            await self.supervisor.give_back()
        drain = getattr(self.server, "drain", None)
        if drain is not None and self.realtime.connections:
            await drain(self.settings.drain_seconds)


@asynccontextmanager
async def open_hub(
    settings: Settings, *, clock: Clock = utc_now, seeded: bool = False, worker: Worker | None = None
) -> AsyncIterator[Hub]:
    """Open the stores, wire the hub and serve until the block ends. `seeded` fills an empty store."""
    async with AsyncExitStack() as stack:
        resources = await stack.enter_async_context(open_resources(settings, clock=clock, seeded=seeded))
        hub = Hub(settings, resources, clock=clock, worker=worker)
        yield await stack.enter_async_context(hub.running())
