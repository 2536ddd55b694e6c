"""AsyncAPI 3.0 from the registry and the facts: what goes over the socket."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from hub.doors.openapi import REFS, requests_of, schemas_of
from hub.operations import Registry
from services.events import Fact

TRANSIENT: Final[dict[str, str]] = {
    "hub:session": "first event of a connection: {pid, recovered, window_seconds}",
    "hub:closing": "the hub stops: {closes_in_seconds}, after which the socket is closed; come back then",
    "auth:expired": "the token has ended; without auth:refresh the socket is closed in a minute",
    "room:changed": "staff whose duty begins or ends: {id, at, joined, left}, the rooms that the hub has put "
    "the socket into and out of; room:join of a joined one shows its snapshot",
    "gps:positions": "admin: {positions}, one conflated batch per 250 ms; may be dropped",
    "job:moved": "a job's room and admin: {job_id, assignee_id, van}, at most once a second; may be dropped",
    "stats:tick": "admin: the network in a few figures, once a second; may be dropped",
}
"""Events that are no facts: nothing in the records changes with them."""


def facts() -> list[type[Fact]]:
    """Every event that rooms hear, by name."""
    found: dict[str, type[Fact]] = {}
    for kind in _subclasses(Fact):  # bases come first: theirs is the name
        if kind.name:
            found.setdefault(kind.name, kind)
    return [found[name] for name in sorted(found)]


def _subclasses(kind: type[Fact]) -> Iterator[type[Fact]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def rooms_of(kind: type[Fact]) -> tuple[str, ...]:
    """The rooms that hear a fact, with {fields} of it in their names."""
    if kind.room_names:
        return kind.room_names
    fields: dict[str, Any] = {name: f"{{{name}}}" for name in kind.model_fields}
    return kind.model_construct(**fields).rooms()


def about(kind: type[Fact]) -> str:
    """What a fact says, in a sentence; some take it from their base."""
    return (inspect.getdoc(kind) or "").partition("\n")[0]


def document(registry: Registry) -> dict[str, Any]:
    """The whole document; the same for the same code."""
    operations = list(registry)
    answers, schemas = schemas_of(operations)
    requests, _ = requests_of(operations)
    kinds = facts()
    _, of_facts = models_json_schema([(kind, "serialization") for kind in kinds], ref_template=REFS)
    messages: dict[str, Any] = {}
    for operation in operations:
        messages[operation.event] = {
            "name": operation.event,
            "summary": operation.summary,
            "payload": requests[operation.event],
        }
        messages[f"{operation.event}.ack"] = {
            "name": operation.event,
            "payload": _ack(answers[operation.event]),
        }
    for kind in kinds:
        reference = {"$ref": REFS.format(model=kind.__name__)}
        messages[_event_id(kind.name or "", registry)] = {
            "name": kind.name,
            "summary": about(kind),
            "description": f"Heard in {', '.join(f'`{room}`' for room in rooms_of(kind))}.",
            "payload": reference,
        }
    for name, summary in TRANSIENT.items():
        messages[name] = {"name": name, "summary": summary, "payload": {"type": "object"}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "NavSwap Hub",
            "version": version("navswap-hub"),
            "license": {"name": "Apache-2.0"},
        },
        "channels": {"hub": {"address": "/socket.io/", "messages": messages}},
        "operations": _operations(registry, [kind.name or "" for kind in kinds]),
        "components": {"schemas": {**schemas, **of_facts.get("$defs", {})}},
    }


def _ack(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "oneOf": [
            {"type": "object", "properties": {"ok": {"const": True}, "data": answer}},
            {"type": "object", "properties": {"ok": {"const": False}, "error": {"type": "object"}}},
        ]
    }


def _event_id(name: str, registry: Registry) -> str:
    """An event's place in the document: a question to a client may have the name of its answer."""
    return f"{name}.event" if registry.get(name) else name


def _message(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/hub/messages/{name.replace('/', '~1')}"}


def _operations(registry: Registry, heard: list[str]) -> dict[str, Any]:
    channel = {"$ref": "#/channels/hub"}
    taken = {
        operation.event: {
            "action": "receive",
            "channel": channel,
            "messages": [_message(operation.event)],
            "reply": {"messages": [_message(f"{operation.event}.ack")]},
        }
        for operation in registry
    }
    ids = [_event_id(name, registry) for name in (*heard, *TRANSIENT)]
    sent = {id: {"action": "send", "channel": channel, "messages": [_message(id)]} for id in ids}
    return {**taken, **sent}
