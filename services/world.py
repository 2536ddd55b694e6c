"""What every service is given: the ports, the time, the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from mlmodels.runtime import Runtime
from services.base import Clock, Ids, Secrets
from services.ports import Live, Log, Records
from services.rules import Rules
from services.tokens import QrSigner


class Stamp(TypedDict):
    """The fields that every fact begins with."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class World:
    """The ports of one hub. Nothing in `services` reaches past it."""

    records: Records
    live: Live
    log: Log
    clock: Clock
    ids: Ids
    secrets: Secrets
    signer: QrSigner
    rules: Rules
    models: Runtime = field(default_factory=Runtime)

    def stamp(self) -> Stamp:
        return {"id": self.ids(), "at": self.clock()}
