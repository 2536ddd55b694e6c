"""The one path of every operation: who, how often, what, once only, in time; and never an exception."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from hub.limits import Limits
from hub.logs import logger
from hub.metrics import Metrics
from hub.once import Keeper, Ticket, as_data, ticket
from hub.operations import Call, Identity, Operation, RoomView, Session
from hub.outcome import Outcome, Refusal
from hub.payloads import Payload, read, refuse
from hub.people_seen import Seen
from services.again import insist
from services.base import Id, Model
from services.errors import Forbidden, HubError, NotFound, Unauthenticated, Unavailable
from services.models import Role, User
from services.network import Services
from services.ports import Transaction
from services.upkeep_models import AuditRecord

OF_AN_EXPIRED_TOKEN: Final = "auth:refresh"  # the one operation that may come with it  # noqa: S105

_log = logger("hub.dispatch")
_user_id: Final[TypeAdapter[str]] = TypeAdapter(Id)


@dataclass(frozen=True, slots=True)
class Request:
    """One call as a door received it; `request_id` when the door has it apart from the payload."""

    identity: Identity
    payload: Payload
    session: Session | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Command:
    """A checked call, ready to run, and run again after a write conflict."""

    operation: Operation
    actor: Identity
    call: Call
    body: Model
    asked: Ticket | None


class Dispatcher:
    """Runs operations for both doors."""

    def __init__(
        self,
        services: Services,
        rooms: RoomView,
        *,
        limits: Limits,
        keeper: Keeper,
        seen: Seen,
        metrics: Metrics,
        deadline_s: float,
    ) -> None:
        self._services = services
        self._world = services.world
        self._rooms = rooms
        self._limits = limits
        self._keeper = keeper
        self._seen = seen
        self._metrics = metrics
        self._deadline_s = deadline_s

    async def run(self, operation: Operation, request: Request) -> Outcome:
        """Answer a call, whatever happens."""
        started = perf_counter()
        try:
            outcome = await self._in_time(operation, request)
        except HubError as error:
            outcome = Outcome(refusal=Refusal.of(error))
        except Exception:
            outcome = self._incident(operation)
        self._metrics.answered(operation.event, outcome.label, perf_counter() - started)
        return outcome

    def _incident(self, operation: Operation) -> Outcome:
        incident = self._world.ids()
        _log.exception("operation failed", operation=operation.event, incident=incident)
        return Outcome(refusal=Refusal.internal(incident))

    async def _in_time(self, operation: Operation, request: Request) -> Outcome:
        try:
            async with asyncio.timeout(self._deadline_s) as deadline:
                command = await self._check(operation, request)
                asked = command.asked
                if asked is None:
                    return await insist(lambda: self._run(command), within_s=self._deadline_s)
                async with self._keeper.alone(asked.key):
                    return await insist(lambda: self._run_once(command, asked), within_s=self._deadline_s)
        except TimeoutError:
            if not deadline.expired():  # somebody else's
                raise
            raise Unavailable(deadline_seconds=self._deadline_s) from None

    # -- checks, in the order of the contract

    async def _check(self, operation: Operation, request: Request) -> _Command:
        identity = request.identity
        self._check_token(operation, identity)
        await self._limits.count(identity.user_id, operation.rate)
        await self._seen.note(identity)
        named = self._named(operation, request)
        caller = identity if named is None else await self._stand_in(identity, named)
        if caller.role not in operation.roles:
            raise Forbidden(role=caller.role)
        request_id = self._request_id(operation, request)
        body = read(operation.request, request.payload, request_id)
        call = Call(caller, self._services, self._rooms, request.session, named)
        asked = None
        if request_id is not None:
            asked = ticket(identity.user_id, operation, request_id, body, named)
        return _Command(operation, identity, call, body, asked)

    def _request_id(self, operation: Operation, request: Request) -> Any:
        """The id under which a command's answer is kept; reads have none."""
        if not operation.command:
            return None
        given = request.request_id
        return given if given is not None else request.payload.fields().get("request_id")

    def _check_token(self, operation: Operation, identity: Identity) -> None:
        if operation.event != OF_AN_EXPIRED_TOKEN and self._now().timestamp() >= identity.expires_at:
            raise Unauthenticated

    def _named(self, operation: Operation, request: Request) -> str | None:
        """Whom an admin acts for. Raises Forbidden for anybody else, and where nobody can be acted for."""
        fields = _fields_or_none(request.payload)
        if fields is None or (named := fields.get("on_behalf_of")) is None:
            return None
        if request.identity.role is not Role.ADMIN or operation.needs_session:
            raise Forbidden(on_behalf_of="admins only")
        try:
            return _user_id.validate_python(named, strict=True)
        except ValidationError:
            refuse("on_behalf_of", "should be a user's id")

    async def _stand_in(self, admin: Identity, user_id: str) -> Identity:
        """The identity of somebody whom an admin acts for: with their rights, not the admin's."""
        user: User | None = await self._world.records.now.users.get(user_id)
        if user is None:
            raise NotFound(user_id=user_id)
        return replace(admin, user_id=user.id, role=user.role, name=user.name, station_id=user.station_id)

    # -- running

    async def _run(self, command: _Command) -> Outcome:
        if command.call.on_behalf_of is None:
            return Outcome(as_data(command.operation, await self._handle(command)))
        async with self._world.records.transaction() as tx:
            await self._audit(tx, command)
            answer = await self._handle(command)
        return Outcome(as_data(command.operation, answer))

    async def _run_once(self, command: _Command, asked: Ticket) -> Outcome:
        """The kept answer, or the first run with its answer kept in the same transaction."""
        kept = await self._keeper.find(command.operation, asked)
        if kept is not None:
            return kept
        try:
            async with self._world.records.transaction() as tx:
                if command.call.on_behalf_of is not None:
                    await self._audit(tx, command)
                answer = await self._handle(command)
                await self._keeper.keep(tx, command.operation, asked, answer)
        except HubError as error:
            await self._keeper.keep_refusal(asked, error)
            raise
        return Outcome(as_data(command.operation, answer))

    async def _handle(self, command: _Command) -> Any:
        return await command.operation.handler(command.call, command.body)

    async def _audit(self, tx: Transaction, command: _Command) -> None:
        await tx.audit.insert(
            AuditRecord(
                id=self._world.ids(),
                actor=command.actor.user_id,
                on_behalf_of=command.call.on_behalf_of,
                action=command.operation.event,
                at=self._now(),
            )
        )

    def _now(self) -> datetime:
        return self._world.clock()


def _fields_or_none(payload: Payload) -> Any:
    """The payload's fields; none when it has none, which is told later, in its turn."""
    try:
        return payload.fields()
    except HubError:
        return None
