"""What a caller sent, as an operation's request model: everything wrong with it at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn, Protocol

import orjson
from pydantic import ValidationError

from services.base import Model
from services.errors import PayloadTooLarge, ValidationFailed

LARGEST_PAYLOAD_BYTES: Final = 1_000_000  # of JSON; what Socket.IO's own default allows
LONGEST_REQUEST_ID: Final = 64  # characters
MOST_PROBLEMS: Final = 1000

Problem = dict[str, str]


class Payload(Protocol):
    """The fields of a call as its door received them."""

    def fields(self) -> Mapping[str, Any]:
        """Raises ValidationFailed unless it is an object."""
        ...

    def parse(self, model: type[Model]) -> Model:
        """Raises ValidationError, PayloadTooLarge."""
        ...


class ValuePayload:
    """The arguments of a Socket.IO event: none, or one object of JSON values."""

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments
        self._fields: dict[str, Any] | None = None

    def fields(self) -> Mapping[str, Any]:
        if self._fields is None:
            self._fields = self._only_object()
        return self._fields

    def _only_object(self) -> dict[str, Any]:
        if len(self._arguments) > 1:
            refuse("", "an event takes one argument, an object")
        value = self._arguments[0] if self._arguments else None
        if value is None or value == "":
            return {}
        if not isinstance(value, dict):
            refuse("", "should be an object")
        return value

    def parse(self, model: type[Model]) -> Model:
        try:
            text = json.dumps(self.fields(), default=_no_json)
        except (ValueError, RecursionError):
            refuse("", "is nested too deeply")
        return parse_json(model, text)


class JsonPayload(ValuePayload):
    """A REST body, with the route's parameters as further fields."""

    def __init__(self, body: bytes, parameters: Mapping[str, str]) -> None:
        super().__init__()
        self._body = body
        self._parameters = parameters

    def _only_object(self) -> dict[str, Any]:
        if not self._body.strip():
            return dict(self._parameters)
        try:
            value = orjson.loads(self._body)
        except ValueError:
            refuse("", "is not JSON")
        self._arguments = (value,)
        return {**super()._only_object(), **self._parameters}


class TextPayload:
    """A query and a route's parameters: every value is text, numbers are read from it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def fields(self) -> Mapping[str, Any]:
        return self._values

    def parse(self, model: type[Model]) -> Model:
        return model.model_validate_strings(dict(self._values))


def parse_json(model: type[Model], text: str) -> Model:
    """Strict, as JSON has types; but 55.0 is a whole number, whatever language wrote it."""
    if len(text) > LARGEST_PAYLOAD_BYTES:
        raise PayloadTooLarge
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        if not all(_is_whole(problem) for problem in error.errors(include_url=False)):
            raise
    return model.model_validate_json(text)


def _is_whole(problem: Mapping[str, Any]) -> bool:
    value = problem["input"]
    return problem["type"] == "int_type" and isinstance(value, float) and value.is_integer()


def _no_json(_value: object) -> dict[str, bool]:
    """Bytes and the like are of no type that a request has."""
    return {"binary": True}


def refuse(path: str, message: str) -> NoReturn:
    """Raises ValidationFailed with this one problem."""
    raise ValidationFailed([{"path": path, "message": message}])


def read(model: type[Model], payload: Payload, request_id: object) -> Model:
    """The request. Raises ValidationFailed with every problem, PayloadTooLarge."""
    problems = request_id_problems(request_id)
    try:
        body = payload.parse(model)
    except ValidationError as error:
        problems = [*problems_of(error), *problems]
    if problems:
        raise ValidationFailed(problems[:MOST_PROBLEMS])
    return body


def problems_of(error: ValidationError) -> list[Problem]:
    """Pydantic's findings as the contract words them; never the value itself."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [
        {
            "path": ".".join(str(part) for part in problem["loc"]),
            "message": problem["msg"].removeprefix("Value error, "),
        }
        for problem in found
    ]


def request_id_problems(request_id: object) -> list[Problem]:
    """What is wrong with a request id; an absent one is fine."""
    if request_id is None or (isinstance(request_id, str) and 1 <= len(request_id) <= LONGEST_REQUEST_ID):
        return []
    return [{"path": "request_id", "message": f"should be text of 1 to {LONGEST_REQUEST_ID} characters"}]
