"""OpenAPI 3.1 from the registry."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from hub.operations import Operation, Registry
from hub.outcome import CONFLICT, STATUS
from services.answers import Image
from services.errors import ErrorCode

REFS: Final = "#/components/schemas/{model}"
PATH_FIELD: Final = re.compile(r"{(\w+)}")
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457, with the code of the contract",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence for a person"},
        "code": {"enum": [code.value for code in ErrorCode]},
        "details": {"description": "for validation_failed: a list of {path, message}"},
        "retry_after": {"type": "number", "description": "seconds"},
    },
}


def document(registry: Registry) -> dict[str, Any]:
    """The whole document; the same for the same code."""
    operations = [operation for operation in registry if operation.rest is not None]
    answers, schemas = schemas_of(operations)
    requests, _ = requests_of(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        method, path = operation.rest or ("", "")
        paths.setdefault(path, {})[method.lower()] = _route(
            operation, path, requests[operation.event], answers[operation.event]
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "NavSwap Hub",
            "version": version("navswap-hub"),
            "license": {"name": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"bearer": []}],
    }


def requests_of(operations: list[Operation]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Where the schema of each operation's request is, by event, and their schemas.

    Two handlers may have a model of the same name: then the schemas have longer ones.
    """
    requests = [(operation.request, "validation") for operation in operations]
    places, named = models_json_schema(requests, ref_template=REFS)  # type: ignore[arg-type]
    by_event = {one.event: places[(one.request, "validation")] for one in operations}
    return by_event, named.get("$defs", {})


def schemas_of(operations: list[Operation]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of each operation's answer by event, and all named schemas."""
    _, of_requests = requests_of(operations)
    adapters: list[tuple[str, Any, TypeAdapter[Any]]] = [
        (operation.event, "serialization", operation.answer)
        for operation in operations
        if operation.answer_type is not Image
    ]
    answers, of_answers = TypeAdapter.json_schemas(adapters, ref_template=REFS)
    by_event = {event: schema for (event, _), schema in answers.items()}
    by_event |= {one.event: {"type": "string"} for one in operations if one.answer_type is Image}
    return by_event, {**of_requests, **of_answers.get("$defs", {})}


def _route(
    operation: Operation, path: str, request: dict[str, Any], answer: dict[str, Any]
) -> dict[str, Any]:
    fields = operation.request.model_json_schema(ref_template=REFS)
    in_path = set(PATH_FIELD.findall(path))
    route: dict[str, Any] = {
        "operationId": operation.event,
        "tags": [operation.event.partition(":")[0]],
        "summary": operation.summary,
        "description": f"Roles: {', '.join(sorted(operation.roles))}. Event: `{operation.event}`.",
        "parameters": _parameters(operation, fields, in_path),
        "responses": {"200": _success(operation, answer), **_failures()},
    }
    if operation.rest and operation.rest[0] != "GET" and set(fields.get("properties", {})) - in_path:
        route["requestBody"] = {"content": {"application/json": {"schema": request}}}
    return route


def _parameters(operation: Operation, fields: dict[str, Any], in_path: set[str]) -> list[dict[str, Any]]:
    is_get = operation.rest is not None and operation.rest[0] == "GET"
    found = [
        {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": name in in_path or name in fields.get("required", ()),
            "schema": schema,
        }
        for name, schema in fields.get("properties", {}).items()
        if name in in_path or is_get
    ]
    if operation.command:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "the same key within 24 h gets the first answer again",
                "schema": {"type": "string", "maxLength": 64},
            }
        )
    return found


def _success(operation: Operation, answer: dict[str, Any]) -> dict[str, Any]:
    content = "image/png" if operation.answer_type is Image else "application/json"
    return {"description": "done", "content": {content: {"schema": answer}}}


def _failures() -> dict[str, Any]:
    codes: dict[int, list[str]] = {}
    for code in ErrorCode:
        codes.setdefault(STATUS.get(code, CONFLICT), []).append(code.value)
    reference = {"application/problem+json": {"schema": {"$ref": REFS.format(model="Problem")}}}
    return {
        str(int(status)): {"description": ", ".join(names), "content": reference}
        for status, names in sorted(codes.items())
    }
