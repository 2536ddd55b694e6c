"""Looks ahead for every station, in one pass: what the past says is kept, and admins are told of what comes.

Forecasts go to live state, for all nodes. What figures are made of goes to the station's record, and is told
with it; so does what admins were told already, so that a rise is told once, whichever node finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Final

from mlmodels.catalog import FAULT, LOAD, REBALANCING
from mlmodels.features.stock import rebalancing
from mlmodels.history import Demand, History
from mlmodels.runtime import Forecast
from services.again import insist
from services.board import StationBoard
from services.boards import Boards
from services.errors import NotFound
from services.fault_events import AlertRaised
from services.fault_models import Severity
from services.forecast_facts import LoadSpike, StockLow
from services.histories import place_of
from services.job_models import EndKind
from services.kept_forecasts import KeptForecast
from services.models import HolderKind, Station
from services.past_faults import LATELY
from services.past_swaps import PastSwaps, Span
from services.ports import Range, Transaction, Where
from services.prospects import Prospects, fault_features, load_features
from services.states import OPEN_JOB
from services.world import World

KEPT_FOR_S: Final = 300.0  # a forecast that nobody has made anew is none
SPIKE_AT, SPIKE_OVER = 0.9, 0.75  # of the places, an hour ahead: told above the one, over below the other
LOW_AT, LOW_OVER = 0.5, 0.3  # the same of the chance that the packs run out within an hour
NEWS: Final = 0.02  # figures that have moved by so much are told
SOON_MINUTES: Final = 60

Counted = Mapping[str, Mapping[Span, int]]


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass has counted for all stations at once."""

    at: datetime
    station_ids: Sequence[str]
    soon: Counted = field(repr=False)
    later: Counted = field(repr=False)
    inbound: Mapping[str, int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class View:
    """What one pass has found of one station."""

    prospects: Prospects
    load: Forecast
    fault: Forecast
    soon: Forecast  # whether the packs last for an hour
    later: Forecast  # what the plan goes by

    @property
    def stock_out(self) -> float:
        return float(self.soon.estimate.own["stock_out_probability"])


class Foresight:
    """A pass begins with `begin`, and then looks at each station on its own, so that its owner may pause."""

    def __init__(self, world: World, boards: Boards, swaps: PastSwaps) -> None:
        self._world = world
        self._boards = boards
        self._swaps = swaps

    async def begin(self) -> Pass:
        """Count for all stations at once."""
        at = self._world.clock().replace(second=0, microsecond=0)
        inbound: dict[str, int] = {}
        for job in await self._world.records.now.transport_jobs.find({"state": OPEN_JOB}):
            if job.target.kind is EndKind.STATION:
                inbound[job.target.id] = inbound.get(job.target.id, 0) + len(job.battery_ids)
        return Pass(
            at=at,
            station_ids=[board.station_id for board in await self._world.live.boards()],
            soon=await self._swaps.demands(at, SOON_MINUTES),
            later=await self._swaps.demands(at, REBALANCING.horizon.usual),
            inbound=inbound,
        )

    async def look(self, begun: Pass, station_id: str) -> None:
        """Keep a station's forecasts, and what is new of its prospects. One that is gone is left out."""
        try:
            board = await self._boards.get(station_id)
        except NotFound:
            return
        view = await self._view(begun, board)
        for spec, forecast in ((LOAD, view.load), (FAULT, view.fault), (REBALANCING, view.later)):
            await self._keep(spec.name, station_id, begun.at, forecast)
        if _is_news(board, view):
            await insist(lambda: self._tell(station_id, view))

    # -- one station

    async def _view(self, begun: Pass, board: StationBoard) -> View:
        soon = await self._demand(begun, begun.soon, board, SOON_MINUTES)
        later = await self._demand(begun, begun.later, board, REBALANCING.horizon.usual)
        prospects = await self._prospects(begun.at, board, soon)
        counts, models = board.stock.counts, self._world.models
        load = load_features(
            prospects, queue_length=board.length, active=board.active, capacity=board.capacity
        )
        fault = fault_features(
            prospects,
            open_tickets=board.open_tickets,
            packs=counts.total,
            quarantined=counts.quarantined,
        )
        return View(
            prospects=prospects,
            load=models.predict(LOAD.name, load),
            fault=models.predict(FAULT.name, fault),
            soon=self._stock(begun, board, soon, SOON_MINUTES),
            later=self._stock(begun, board, later, REBALANCING.horizon.usual),
        )

    async def _demand(self, begun: Pass, counted: Counted, board: StationBoard, minutes: int) -> Demand:
        return await self._swaps.of_station(
            board.station_id, begun.at, minutes, counted.get(board.station_id, {})
        )

    def _stock(self, begun: Pass, board: StationBoard, demand: Demand, minutes: int) -> Forecast:
        inbound = begun.inbound.get(board.station_id, 0)
        place = place_of(board, inbound=inbound, slots=1, bays=1)  # neither matters for packs
        history = History(at=begun.at, horizon_minutes=minutes, place=place, demand=demand)
        return self._world.models.predict(REBALANCING.name, rebalancing(history), minutes)

    async def _prospects(self, at: datetime, board: StationBoard, demand: Demand) -> Prospects:
        """With what was told already."""
        lately: Where = {"station_id": board.station_id, "raised_at": Range(gte=at - LATELY)}
        return board.prospects.model_copy(
            update={
                "usual_per_hour": _mean(demand.at_horizon),
                "weeks": len(demand.at_horizon),
                "stay_minutes": _mean(demand.stays_minutes),
                "faults_7d": await self._world.records.now.incidents.count(lately),
                "warmest_c": await self._of_a_pack(board.station_id, "-temperature_c"),
                "worst_soh": await self._of_a_pack(board.station_id, "soh"),
            }
        )

    async def _of_a_pack(self, station_id: str, order: str) -> float | None:
        here: Where = {"holder.kind": HolderKind.SLOT, "holder.id": station_id}
        pack = await self._world.records.now.batteries.first(here, order=(order,))
        return None if pack is None else float(getattr(pack, order.lstrip("-")))

    async def _keep(self, model: str, id: str, at: datetime, forecast: Forecast) -> None:
        estimate = forecast.estimate
        kept = KeptForecast(
            model=model,
            id=id,
            at=at,
            value=estimate.value,
            low=estimate.band.low,
            high=estimate.band.high,
            confidence=estimate.confidence,
            own={name: one for name, one in estimate.own.items() if isinstance(one, int | float)},
        )
        await self._world.live.put_forecast(kept, for_s=KEPT_FOR_S)

    # -- what is told

    async def _tell(self, station_id: str, view: View) -> None:
        async with self._world.records.transaction() as tx:
            station = await tx.stations.get(station_id)
            if station is None:
                return
            told = _told(station.prospects, view, is_active=station.is_active)
            self._alert(tx, station, told, view)
            await self._boards.publish(tx, station.model_copy(update={"prospects": told}))

    def _alert(self, tx: Transaction, station: Station, told: Prospects, view: View) -> None:
        before, load = station.prospects, round(view.load.estimate.value, 3)
        if told.spike_told and not before.spike_told:
            tx.log(self._alarm(LoadSpike, station, "load_spike", Severity.MEDIUM, load, SPIKE_AT))
        if told.low_stock_told and not before.low_stock_told:
            tx.log(self._alarm(StockLow, station, "stock_low", Severity.HIGH, view.stock_out, LOW_AT))

    def _alarm(
        self,
        fact: type[AlertRaised],
        station: Station,
        alert: str,
        severity: Severity,
        value: float,
        threshold: float,
    ) -> AlertRaised:
        return fact(
            **self._world.stamp(),
            version=station.version + 1,
            station_id=station.id,
            alert=alert,
            kind=alert,
            severity=severity,
            predicted_value=value,
            threshold=threshold,
        )


def _told(before: Prospects, view: View, *, is_active: bool) -> Prospects:
    """The prospects with what admins will have been told; of a closed station nothing is."""
    spike = _rises(view.load.estimate.value, told=before.spike_told, at=SPIKE_AT, over=SPIKE_OVER)
    low = _rises(view.stock_out, told=before.low_stock_told, at=LOW_AT, over=LOW_OVER)
    flags = {"spike_told": spike and is_active, "low_stock_told": low and is_active}
    return view.prospects.model_copy(update=flags)


def _rises(value: float, *, told: bool, at: float, over: float) -> bool:
    """Above the one threshold it begins, and it is over below the other."""
    return value >= at or (told and value >= over)


def _is_news(board: StationBoard, view: View) -> bool:
    """Would anybody see another figure, or has an alert to be told, or to end?"""
    told = _told(board.prospects, view, is_active=board.is_active)
    flags = (told.spike_told, told.low_stock_told)
    if flags != (board.prospects.spike_told, board.prospects.low_stock_told):
        return True
    after = board.model_copy(update={"prospects": told})
    moved = (
        abs(after.predicted_load - board.predicted_load),
        abs(after.predicted_fault_risk - board.predicted_fault_risk),
    )
    return max(moved) >= NEWS


def _mean(values: Sequence[float]) -> float | None:
    return round(fmean(values), 2) if values else None
