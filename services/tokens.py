"""QR tokens as values: what one says, and how it travels without ever being stored."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Protocol

from pydantic import (
    GetJsonSchemaHandler,
    SerializationInfo,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from services.base import Instant, Model


class QrClaims(Model):
    """What a token is bound to. The nonce makes it unguessable and replaceable."""

    entry_id: str
    user_id: str
    station_id: str
    nonce: str
    issued_at: Instant


class QrSigner(Protocol):
    """Signs claims (HMAC-SHA256) and reads them back."""

    def sign(self, claims: QrClaims) -> str:
        """The token: the same claims give the same token."""
        ...

    def read(self, token: str) -> QrClaims:
        """What a token says. Raises TokenInvalid when it is forged, cut or not a token."""
        ...


def token_id(token: str) -> str:
    """The token's SHA-256 in hex: its id in the records."""
    return sha256(token.encode()).hexdigest()


class SignedToken(Model):
    """A token in an answer: a string on the wire; only its claims in a kept answer.

    Serialise with `context={"keep": True}` to keep it, validate the kept form with
    `context={"signer": QrSigner}` to sign it again.
    """

    claims: QrClaims
    token: str

    @model_serializer
    def _travel(self, info: SerializationInfo) -> Any:
        keep = bool(info.context and info.context.get("keep"))
        return self.claims.model_dump(mode="json") if keep else self.token

    @model_validator(mode="before")
    @classmethod
    def _sign_again(cls, value: Any, info: ValidationInfo) -> Any:
        if info.context and "signer" in info.context and isinstance(value, dict) and "nonce" in value:
            claims = QrClaims.model_validate(value)
            return {"claims": claims, "token": info.context["signer"].sign(claims)}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "title": "QrToken", "description": "a signed token, URL-safe"}
