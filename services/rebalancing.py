"""Packs go from where they can be spared to where they will be missed: suggested, or made into jobs."""

from __future__ import annotations

from asyncio import gather, to_thread
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from mlmodels.catalog import REBALANCING
from mlmodels.heuristics.stock import FREE_SHARE
from services.again import insist
from services.board import StationBoard
from services.errors import Conflict, NoBattery, NotFound
from services.forecast_facts import RebalancingSuggested
from services.job_models import EndKind, Job
from services.kept_forecasts import KeptForecast
from services.models import STANDARD, HolderKind, Partner
from services.near import Away, look_around
from services.ports import Transaction, Where
from services.predictions import PackMove
from services.rebalancing_plan import REACH_M, Spot, plan
from services.rules import RebalancingMode
from services.states import OPEN_JOB, BatteryState
from services.transport import Order, TransportService
from services.world import World

HUB: Final = "hub"  # who orders these jobs
KEPT_BACK: Final = 2  # charged packs, beyond what the forecast wants, that a station never gives away
SURE: Final = 0.3
"""Confidence below which no van is sent: without a week of history a forecast is a belief."""
URGENT: Final = 0.8
PRIORITY, URGENT_PRIORITY = 2, 4
MOST_PARTNERS: Final = 500

Pair = tuple[EndKind, str, EndKind, str]
Coming = Mapping[tuple[EndKind, str], Sequence[Job]]
"""Open jobs by the place that they bring packs to."""


class Rebalancing:
    """Plans with the newest kept forecasts; a station without one that is sure enough is left alone."""

    def __init__(self, world: World, transport: TransportService) -> None:
        self._world = world
        self._transport = transport
        self._told: frozenset[Pair] = frozenset()

    async def moves_of(self, board: StationBoard) -> list[PackMove]:
        """The moves from and to a station, planned with the stations around it alone."""

        def choose(away: Away, known_m: float) -> list[StationBoard] | None:
            return [one for metres, one in away if metres <= REACH_M] if known_m >= REACH_M else None

        near = await look_around(self._world.live, board.location, choose)
        return [move for move in await self._plan(near or ()) if board.station_id in _stations(move)]

    async def propose(self) -> Sequence[PackMove]:
        """Do with the whole network's plan what the operator has chosen; answers what is new of it."""
        mode = self._world.rules.rebalancing
        if mode is RebalancingMode.OFF:
            return []
        moves = await self._plan(await self._world.live.boards())
        if mode is RebalancingMode.SUGGEST:
            return await self._suggest(moves)
        return [move for move in moves if await insist(partial(self._create, move))]

    # -- the plan

    async def _plan(self, boards: Iterable[StationBoard]) -> list[PackMove]:
        jobs = await self._world.records.now.transport_jobs.find({"state": OPEN_JOB})
        taken, coming = {_pair_of(job) for job in jobs}, _coming(jobs)
        spots = [*await self._stations(boards, coming), *await self._partners(coming)]
        found = await to_thread(plan, spots)  # of thousands of places it takes a while
        return [move for move in found if _pair(move) not in taken]

    async def _stations(self, boards: Iterable[StationBoard], coming: Coming) -> list[Spot]:
        active, live = [board for board in boards if board.is_active], self._world.live
        kept = await gather(*(live.forecast(REBALANCING.name, board.station_id) for board in active))
        return [
            _spot(board, forecast, coming.get((EndKind.STATION, board.station_id), ()))
            for board, forecast in zip(active, kept, strict=True)
            if forecast is not None and forecast.confidence >= SURE
        ]

    async def _partners(self, coming: Coming) -> list[Spot]:
        partners = await self._world.records.now.partner_shops.find({}, limit=MOST_PARTNERS)
        return list(await gather(*(self._partner(partner, coming) for partner in partners)))

    async def _partner(self, partner: Partner, coming: Coming) -> Spot:
        packs = self._world.records.now.batteries
        here: Where = {"holder.kind": HolderKind.PARTNER, "holder.id": partner.id}
        charged: Where = {"state": BatteryState.CHARGED, "held_for": None, "battery_type": STANDARD}
        return Spot(
            kind=EndKind.PARTNER,
            id=partner.id,
            location=partner.location,
            spare=await packs.count({**here, **charged}),
            room=partner.capacity
            - await packs.count(here)
            - _packs_of(coming.get((EndKind.PARTNER, partner.id), ())),
        )

    # -- what comes of it

    async def _suggest(self, moves: Sequence[PackMove]) -> list[PackMove]:
        """Tell admins of moves that the plan before did not have."""
        fresh = [move for move in moves if _pair(move) not in self._told]
        async with self._world.records.transaction() as tx:
            for move in fresh:
                tx.log(await self._suggestion(tx, move))
        self._told = frozenset(map(_pair, moves))
        return fresh

    async def _suggestion(self, tx: Transaction, move: PackMove) -> RebalancingSuggested:
        place = tx.stations if move.source.kind is EndKind.STATION else tx.partner_shops
        source = await place.get(move.source.id)
        version = source.version if source else 0
        return RebalancingSuggested(
            **self._world.stamp(), version=version, station_id=move.source.id, **dict(move)
        )

    async def _create(self, move: PackMove) -> bool:
        """Order a job; false when the packs cannot be spared after all, or the pair has one already."""
        try:
            async with self._world.records.transaction() as tx:
                if await _has_job(tx, move):
                    return False
                order = Order(
                    source=move.source,
                    target=move.target,
                    battery_count=move.battery_count,
                    priority=URGENT_PRIORITY if move.urgency >= URGENT else PRIORITY,
                    reason=move.reason,
                )
                await self._transport.create(order, by=HUB)
        except (NoBattery, Conflict, NotFound):
            return False
        return True


async def _has_job(tx: Transaction, move: PackMove) -> bool:
    jobs = await tx.transport_jobs.find({"source.id": move.source.id, "state": OPEN_JOB})
    return _pair(move) in map(_pair_of, jobs)


def _spot(board: StationBoard, forecast: KeptForecast, jobs: Sequence[Job]) -> Spot:
    """A station and the jobs that bring it packs: what was ordered since the forecast is needed no more."""
    counts, slots, inbound = board.stock.counts, board.slots, _packs_of(jobs)
    ordered = _packs_of(job for job in jobs if job.created_at > forecast.at)
    sellable = board.stock.sellable.get(STANDARD, 0)
    spare = min(int(forecast.own["packs_to_spare"]), sellable) - KEPT_BACK
    return Spot(
        kind=EndKind.STATION,
        id=board.station_id,
        location=board.location,
        bring=max(0, int(forecast.own["packs_to_bring"]) - ordered),
        spare=max(0, spare),
        overflow=max(0, int(counts.total + inbound - slots * (1 - FREE_SHARE))),
        room=slots - counts.total - inbound,
        urgency=forecast.own["stock_out_probability"],
    )


def _coming(jobs: Iterable[Job]) -> Coming:
    found: dict[tuple[EndKind, str], list[Job]] = {}
    for job in jobs:
        found.setdefault((job.target.kind, job.target.id), []).append(job)
    return found


def _packs_of(jobs: Iterable[Job]) -> int:
    return sum(len(job.battery_ids) for job in jobs)


def _stations(move: PackMove) -> tuple[str, ...]:
    return tuple(end.id for end in (move.source, move.target) if end.kind is EndKind.STATION)


def _pair(move: PackMove) -> Pair:
    return (move.source.kind, move.source.id, move.target.kind, move.target.id)


def _pair_of(job: Job) -> Pair:
    return (job.source.kind, job.source.id, job.target.kind, job.target.id)
