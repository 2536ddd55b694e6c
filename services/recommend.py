"""Which station to ride to: minutes until the swap, and how sure the pack is."""

from __future__ import annotations

from math import exp
from typing import Final

from services.answers import Recommendation
from services.base import Location
from services.board import StationBoard
from services.errors import NotFound, raise_
from services.geo import DETOUR_RATIO, travel_s
from services.models import battery_type_of
from services.near import Away, look_around
from services.world import World

REACH_KM: Final = 15.0
"""Nobody is sent farther than this, as the crow flies."""

KM_PER_SOC: Final = 0.7
"""Road kilometres that one percent of charge is good for: a small two-wheeler's 70 km on a full pack."""

PATIENCE_MINUTES: Final = 30.0
"""The score falls by a factor e for each of these on the road and in the queue."""

SCARCE_PACKS: Final = 3
"""With fewer packs left the promise is less sure, and the score is cut for each one missing."""


class RecommendService:
    """Ranks the stations that can give the rider a place and a pack now."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def rank(
        self, user_id: str, here: Location | None, *, battery_level: int | None, limit: int
    ) -> list[Recommendation]:
        """The best stations first. Without a place the newest fix decides. Raises NotFound without one."""
        here = here or await self._last_place(user_id)
        user = await self._world.records.now.users.get(user_id)
        wanted = battery_type_of(user.vehicle if user else None)
        reach_m = _reach_m(battery_level)

        def choose(away: Away, known_m: float) -> list[Recommendation] | None:
            options = (_option(board, metres, wanted) for metres, board in away if metres <= reach_m)
            best = sorted(filter(None, options), key=_place)[:limit]
            is_sure = len(best) == limit and best[-1].score > _score(_minutes(known_m), sure=1.0)
            return best if is_sure or known_m >= reach_m else None

        return await look_around(self._world.live, here, choose) or []

    async def _last_place(self, user_id: str) -> Location:
        fix = await self._world.live.position(user_id) or raise_(NotFound(user_id=user_id))
        return fix.location


def _can_take(board: StationBoard, battery_type: str) -> bool:
    return board.is_active and board.available_slots > 0 and board.stock.sellable.get(battery_type, 0) > 0


def _reach_m(battery_level: int | None) -> float:
    by_charge_km = REACH_KM if battery_level is None else battery_level * KM_PER_SOC / DETOUR_RATIO
    return min(REACH_KM, by_charge_km) * 1000


def _place(option: Recommendation) -> tuple[float, str]:
    return -option.score, option.station_id


def _minutes(away_m: float) -> float:
    return round(travel_s(away_m) / 60, 1)


def _score(minutes: float, *, sure: float) -> float:
    """Of so many minutes until the swap: no station farther away is better than one without a wait."""
    return round(exp(-minutes / PATIENCE_MINUTES) * sure, 4)


def _option(board: StationBoard, away_m: float, battery_type: str) -> Recommendation | None:
    """None for a station that cannot serve the rider."""
    if not _can_take(board, battery_type):
        return None
    return _recommendation(board, away_m, board.stock.sellable[battery_type])


def _recommendation(board: StationBoard, away_m: float, packs: int) -> Recommendation:
    travel_minutes = _minutes(away_m)
    wait = board.newcomer_wait
    sure = 1 - 0.1 * max(0, SCARCE_PACKS - packs)
    return Recommendation(
        station_id=board.station_id,
        name=board.name,
        location=board.location,
        distance_m=round(away_m, 1),
        travel_minutes=travel_minutes,
        estimated_wait_minutes=wait,
        charged_batteries=packs,
        score=_score(travel_minutes + wait.p50, sure=sure),
        reasons=_reasons(board, travel_minutes, packs),
    )


def _reasons(board: StationBoard, travel_minutes: float, packs: int) -> list[str]:
    ahead = board.length + board.active
    queue = "nobody is before you" if ahead == 0 else f"{ahead} before you"
    stock = f"{packs} charged {'battery' if packs == 1 else 'batteries'}"
    return [f"{travel_minutes:g} minutes away", queue, f"{stock} free"]
