"""What an operation is: one declaration that both doors call."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar, get_type_hints

from pydantic import BaseModel, TypeAdapter

from services.base import Model
from services.models import Role
from services.network import Services

Answer = TypeVar("Answer", bound=BaseModel | None)
Body = TypeVar("Body", bound=Model)

ANYBODY = frozenset(Role)


class Rate(StrEnum):
    """Classes of the rate limit, each counted on its own per caller."""

    COMMAND = "command"  # RATE_LIMIT_PER_MINUTE, RATE_LIMIT_PER_HOUR
    READ = "read"  # five times that
    POSITION = "position"  # ten times that: a phone sends one a second
    ROOM = "room"  # five times that


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: the token's claims, checked."""

    user_id: str
    role: Role
    name: str
    station_id: str | None
    expires_at: float  # seconds since 1970


class Session(Protocol):
    """The live socket of a call, for the operations that are about it."""

    sid: str

    async def join(self, room: str) -> None: ...

    async def leave(self, room: str) -> None: ...

    async def renew(self, token: str) -> Identity:
        """Replace the token. Raises Unauthenticated, also for another `sub`."""
        ...


class RoomView(Protocol):
    """Who may join which room, and what it shows now."""

    async def check(self, identity: Identity, room: str) -> None:
        """Raises Forbidden unless the room exists and the caller may hear it."""
        ...

    async def snapshot(self, identity: Identity, room: str) -> Model: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation: who, on what, with what."""

    identity: Identity
    services: Services
    rooms: RoomView
    session: Session | None = None  # none through REST
    on_behalf_of: str | None = None

    @property
    def user_id(self) -> str:
        """The person the call is for: `sub`, or whom an admin acts for."""
        return self.on_behalf_of or self.identity.user_id

    @property
    def role(self) -> Role:
        return self.identity.role


Handler = Callable[[Call, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """Event, route, roles, models and rate class of one operation."""

    event: str
    rest: tuple[str, str] | None  # method and path, with {fields} of the request in it
    roles: frozenset[Role]
    rate: Rate
    command: bool  # changes something: keeps its answer for a request id
    request: type[Model]
    answer: TypeAdapter[Any]
    answer_type: Any
    handler: Handler
    summary: str

    @property
    def needs_session(self) -> bool:
        return self.rest is None


class DuplicateOperation(Exception):
    """Two operations have the same event or the same route."""


@dataclass(slots=True)
class Operations:
    """The operations of one domain, declared with a decorator: `operation = Operations("queue")`."""

    domain: str
    declared: list[Operation] = field(default_factory=list)

    def __call__(
        self,
        verb: str | None = None,
        *,
        rest: tuple[str, str] | None,
        roles: frozenset[Role] | set[Role] = ANYBODY,
        rate: Rate | None = None,
        command: bool | None = None,
    ) -> Callable[[Callable[[Call, Body], Awaitable[Answer]]], Callable[[Call, Body], Awaitable[Answer]]]:
        """Declare `domain:verb` (`domain` alone without a verb).

        What is not a GET is a command, and rated as one, unless it says otherwise.
        """
        is_command = (rest is not None and rest[0] != "GET") if command is None else command

        def declare(
            handler: Callable[[Call, Body], Awaitable[Answer]],
        ) -> Callable[[Call, Body], Awaitable[Answer]]:
            hints = get_type_hints(handler)
            self.declared.append(
                Operation(
                    event=f"{self.domain}:{verb}" if verb else self.domain,
                    rest=rest,
                    roles=frozenset(roles),
                    rate=rate or (Rate.COMMAND if is_command else Rate.READ),
                    command=is_command,
                    request=hints["body"],
                    answer=TypeAdapter(hints["return"]),
                    answer_type=hints["return"],
                    handler=handler,
                    summary=inspect.getdoc(handler) or "",
                )
            )
            return handler

        return declare


class Registry:
    """All operations of the hub, by event and by route; registration is all or nothing."""

    def __init__(self, *domains: Operations) -> None:
        self._by_event: dict[str, Operation] = {}
        routes: set[tuple[str, str]] = set()
        for operation in (operation for domain in domains for operation in domain.declared):
            if operation.event in self._by_event or operation.rest in routes:
                raise DuplicateOperation(operation.event)
            self._by_event[operation.event] = operation
            if operation.rest:
                routes.add(operation.rest)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._by_event.values())

    def __getitem__(self, event: str) -> Operation:
        return self._by_event[event]

    def get(self, event: str) -> Operation | None:
        return self._by_event.get(event)
