"""Who calls: tokens in, identities out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jwt
from pydantic import Field, ValidationError

from hub.config import ConfigError, Settings
from hub.operations import Identity
from services.base import Clock, Id, Model
from services.errors import Unauthenticated
from services.models import Role

LONGEST_TOKEN: Final = 8192  # characters
LEEWAY_S: Final = 5.0  # by which another machine's clock may be ahead in `nbf` and `iat`
PUBLIC_KEY_ALGORITHMS: Final = {"RSA": "RS256", "EC": "ES256"}


class _Claims(Model):
    sub: Id
    role: Role
    name: str | None = Field(None, max_length=200)
    station_id: Id | None = None
    exp: float


class Authenticator:
    """Checks tokens. Each key has one algorithm, so that none can be used as another's."""

    def __init__(self, secret: str, *, clock: Clock, jwks: Mapping[str, jwt.PyJWK] | None = None) -> None:
        self._secret = secret
        self._clock = clock
        self._jwks = jwks or {}

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> Authenticator:
        """With the keys of the settings. Raises ConfigError for a JWKS file that cannot be used."""
        return cls(settings.secret("jwt"), clock=clock, jwks=read_jwks(settings.jwt_jwks_file))

    def verify(self, token: object) -> Identity:
        """The caller that a token stands for. Raises Unauthenticated, whatever is wrong with it."""
        if not isinstance(token, str) or not token or len(token) > LONGEST_TOKEN:
            raise Unauthenticated
        try:
            claims = _Claims.model_validate(self._decode(token))
        except (jwt.PyJWTError, ValidationError, ValueError, TypeError, RecursionError) as error:
            raise Unauthenticated from error
        if self._clock().timestamp() >= claims.exp:
            raise Unauthenticated
        return Identity(
            user_id=claims.sub,
            role=claims.role,
            name=claims.name or claims.sub,
            station_id=claims.station_id,
            expires_at=claims.exp,
        )

    def _decode(self, token: str) -> dict[str, Any]:
        key, algorithm = self._key(jwt.get_unverified_header(token))
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            leeway=LEEWAY_S,
            options={"require": ["exp", "sub"], "verify_aud": False},
        )
        return claims

    def _key(self, header: Mapping[str, Any]) -> tuple[Any, str]:
        """The key that a token names, and the one algorithm of that key, whatever the token says."""
        if header.get("alg") == "HS256":
            return self._secret, "HS256"
        kid = header.get("kid")
        named = self._jwks.get(str(kid)) if kid is not None else None
        if named is None and kid is None and len(self._jwks) == 1:
            named = next(iter(self._jwks.values()))
        if named is None:
            raise Unauthenticated
        return named.key, PUBLIC_KEY_ALGORITHMS[named.key_type or ""]

    def issue(
        self,
        user_id: str,
        role: Role,
        *,
        ttl: timedelta,
        name: str | None = None,
        station_id: str | None = None,
    ) -> tuple[str, datetime]:
        """A new HS256 token, and when it expires. Raises ValidationError for claims that none may have."""
        now = self._clock()
        expires_at = (now + ttl).replace(microsecond=0)
        claims = {"sub": user_id, "role": role.value, "iat": int(now.timestamp())}
        claims |= {"exp": int(expires_at.timestamp())}
        claims |= {"name": name} if name else {}
        claims |= {"station_id": station_id} if station_id else {}
        _Claims.model_validate(claims)
        return jwt.encode(claims, self._secret, algorithm="HS256"), expires_at


def read_jwks(path: Path | None) -> dict[str, jwt.PyJWK]:
    """The public keys of a JWKS file by their ids. Raises ConfigError."""
    if path is None:
        return {}
    try:
        keys = jwt.PyJWKSet.from_dict(json.loads(path.read_text())).keys
    except (OSError, ValueError, jwt.PyJWTError) as error:
        raise ConfigError("JWT_JWKS_FILE", f"cannot be read as a key set: {error}") from error
    usable = {key.key_id or "": key for key in keys if key.key_type in PUBLIC_KEY_ALGORITHMS}
    if not usable:
        raise ConfigError("JWT_JWKS_FILE", "has no RSA or EC key")
    return usable
