"""How often somebody may call: one window per user and class of operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.operations import Rate
from services.errors import RateLimited
from services.ports import Live

FACTORS: Final = {Rate.COMMAND: 1, Rate.READ: 5, Rate.POSITION: 10, Rate.ROOM: 5}


@dataclass(frozen=True, slots=True)
class Limits:
    """The two windows of the settings; 0 is no limit."""

    live: Live
    per_minute: int
    per_hour: int

    async def count(self, user_id: str, rate: Rate) -> None:
        """Count one call. Raises RateLimited with the seconds to wait, Unavailable."""
        if not self.per_minute and not self.per_hour:
            return
        factor = FACTORS[rate]
        allowance = await self.live.allow(
            f"{user_id}:{rate.value}", per_minute=self.per_minute * factor, per_hour=self.per_hour * factor
        )
        if not allowance.allowed:
            raise RateLimited(allowance.retry_after_s)
