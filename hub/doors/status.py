"""Is it alive, is it ready, what does it count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from aiohttp import web

from hub.auth import Authenticator
from hub.doors.http import NO_STORE, bearer, json_answer
from hub.doors.worker_metrics import ALONE, WorkerMetrics
from hub.leases import Leases
from hub.metrics import CONTENT_TYPE, Metrics
from hub.readiness import Readiness
from services.errors import Forbidden
from services.models import Role

if TYPE_CHECKING:
    from hub.kafka import KafkaSide

PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


class StatusDoor:
    """`/healthz`, `/readyz`, `/metrics`."""

    def __init__(
        self,
        readiness: Readiness,
        authenticator: Authenticator,
        metrics: Metrics,
        leases: Leases,
        tasks: Callable[[], Mapping[str, Any]],
        kafka: KafkaSide | None = None,
        workers: WorkerMetrics | None = None,
    ) -> None:
        self._readiness = readiness
        self._authenticator = authenticator
        self._metrics = metrics
        self._leases = leases
        self._tasks = tasks
        self._kafka = kafka
        self._workers = workers

    def add_to(self, application: web.Application) -> None:
        application.router.add_get("/healthz", self._health)
        application.router.add_get("/readyz", self._ready)
        application.router.add_get("/metrics", self._figures)

    async def _health(self, _request: web.Request) -> web.Response:
        """The process runs its loop: nothing else is asked."""
        return json_answer({"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.Response:
        """200 only when commands can be served and live state equals the records.

        `leases`, `tasks` and `kafka_behind` are told besides: which work of the whole network this node does,
        what every background task is at, and how far the relay is behind; the hub serves on while another
        node, or the brokers, take their time, and while a task that has failed waits to be started again.
        """
        checks = await self._readiness.checks()
        ready = all(checks.values())
        said: dict[str, Any] = {"status": "ready" if ready else "not_ready", "checks": checks}
        said["leases"] = dict(self._leases.held())
        said["tasks"] = dict(self._tasks())
        if self._kafka is not None:
            said["kafka_behind"] = await self._kafka.behind()
        return json_answer(said, status=200 if ready else 503)

    async def _figures(self, request: web.Request) -> web.Response:
        if not _is_loopback(request) and bearer(request, self._authenticator).role is not Role.ADMIN:
            raise Forbidden
        page = self._metrics.page()
        if self._workers is not None and ALONE not in request.query:
            page = await self._workers.page(page)
        return web.Response(body=page, headers={**NO_STORE, "Content-Type": CONTENT_TYPE})


def _is_loopback(request: web.Request) -> bool:
    """From this machine itself, not through a proxy on it."""
    if request.remote is None or any(header in request.headers for header in PROXIED):
        return False
    return ip_address(request.remote.partition("%")[0]).is_loopback
