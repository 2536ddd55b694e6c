"""What the hub signs for others to carry: QR tokens, and the dashboard's one-time links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson
from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode
from pydantic import ValidationError

from services.base import Clock
from services.errors import DuplicateKey, TokenExpired, TokenInvalid, TokenUsed
from services.ports import Records
from services.tokens import QrClaims
from services.upkeep_models import UsedLink

LONGEST_TOKEN: Final = 1024  # characters
_SALT_QR: Final = "navswap.qr.v1"
_SALT_LINK: Final = "navswap.dashboard-link.v1"


class _Seal:
    """Signs a short list: base64 of its JSON, a dot, the HMAC-SHA256; the same list gives the same text."""

    def __init__(self, secret: str, salt: str) -> None:
        self._signer = Signer(secret, salt=salt, digest_method=sha256, key_derivation="hmac")

    def close(self, fields: list[str | int]) -> str:
        return self._signer.sign(base64_encode(orjson.dumps(fields))).decode()

    def open(self, text: str) -> Any:
        """Raises TokenInvalid when it is forged, cut, or too long to be one of ours."""
        if len(text) > LONGEST_TOKEN:
            raise TokenInvalid
        try:
            return orjson.loads(base64_decode(self._signer.unsign(text.encode())))
        except (BadData, ValueError) as error:
            raise TokenInvalid from error


class ItsDangerousSigner:
    """Implements `services.tokens.QrSigner`: HMAC-SHA256; the same claims give the same token."""

    def __init__(self, secret: str) -> None:
        self._seal = _Seal(secret, _SALT_QR)

    def sign(self, claims: QrClaims) -> str:
        at_us = round(claims.issued_at.timestamp() * 1_000_000)
        return self._seal.close([claims.entry_id, claims.user_id, claims.station_id, claims.nonce, at_us])

    def read(self, token: str) -> QrClaims:
        try:
            entry_id, user_id, station_id, nonce, at_us = self._seal.open(token)
            issued_at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at_us)
            return QrClaims(
                entry_id=entry_id, user_id=user_id, station_id=station_id, nonce=nonce, issued_at=issued_at
            )
        except (TypeError, ValueError, OverflowError, ValidationError) as error:
            raise TokenInvalid from error


@dataclass(frozen=True, slots=True)
class DashboardLinks:
    """Links that make whoever opens them first an admin of the dashboard."""

    secret: str
    clock: Clock

    def make(self, nonce: str, *, minutes: float) -> str:
        """The signed part of a link."""
        expires_at = int((self.clock() + timedelta(minutes=minutes)).timestamp())
        return _Seal(self.secret, _SALT_LINK).close([nonce, expires_at])

    async def use(self, link: str, records: Records) -> None:
        """Use a link up. Raises TokenInvalid, TokenExpired, TokenUsed."""
        now = self.clock()
        try:
            nonce, expires_at = _Seal(self.secret, _SALT_LINK).open(link)
        except (TypeError, ValueError) as error:
            raise TokenInvalid from error
        if now.timestamp() >= expires_at:
            raise TokenExpired
        try:
            async with records.transaction() as tx:
                await tx.used_links.insert(UsedLink(id=nonce, used_at=now))
        except DuplicateKey as error:
            raise TokenUsed from error
