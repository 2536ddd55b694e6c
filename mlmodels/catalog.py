"""The thirteen models. A trained one takes the place of a heuristic without a change to any client."""

from __future__ import annotations

from typing import Final

from mlmodels.features import demand as demand_features
from mlmodels.features import energy as energy_features
from mlmodels.features import faults as fault_features
from mlmodels.features import roads as road_features
from mlmodels.features import staff as staff_features
from mlmodels.features import stock as stock_features
from mlmodels.heuristics import demand, energy, faults, roads, staff, stock
from mlmodels.spec import Horizon, Need, Spec

DAY: Final = 24 * 60
_D, _F, _P, _R, _S, _N = Need.DEMAND, Need.FAULTS, Need.PACKS, Need.ROADS, Need.STORES, Need.NEIGHBOURS
_DAYS: Final = Need.DAYS

LOAD: Final = Spec(
    name="load_prediction",
    title="How full the queue will be",
    unit="share of the places",
    horizon=Horizon(60),
    features=demand_features.LOAD,
    needs=frozenset({_D}),
    build=demand_features.load,
    heuristic=demand.load,
    version="load-heuristic-1",
)
FAULT: Final = Spec(
    name="fault_prediction",
    title="Whether a fault will need a person",
    unit="probability",
    horizon=Horizon(DAY, least=60, most=7 * DAY),
    features=fault_features.FAULT,
    needs=frozenset({_F, _P}),
    build=fault_features.fault,
    heuristic=faults.fault,
    version="fault-heuristic-2",
)
ACTION: Final = Spec(
    name="action_recommendation",
    title="What would save riders most time",
    unit="minutes of riders' time",
    horizon=Horizon(60, least=15),
    features=staff_features.ACTION,
    needs=frozenset({_D, _F}),
    build=staff_features.action,
    heuristic=staff.action,
    version="action-heuristic-1",
)
TRAFFIC: Final = Spec(
    name="traffic_forecast",
    title="How fast the roads to a station will be",
    unit="m/s",
    horizon=Horizon(60),
    features=road_features.ROADS,
    needs=frozenset({_R}),
    build=road_features.roads,
    heuristic=roads.speed,
    version="traffic-heuristic-1",
)
MICRO_TRAFFIC: Final = Spec(
    name="micro_area_traffic",
    title="How fast the roads in one cell will be",
    unit="m/s",
    horizon=Horizon(15, most=120),
    features=road_features.ROADS,
    needs=frozenset({_R}),
    build=road_features.roads,
    heuristic=roads.speed,
    version="micro-traffic-heuristic-1",
)
ARRIVALS: Final = Spec(
    name="customer_arrival",
    title="How many riders will come",
    unit="riders",
    horizon=Horizon(60),
    features=demand_features.DEMAND,
    needs=frozenset({_D}),
    build=demand_features.demand,
    heuristic=demand.arrivals,
    version="arrivals-heuristic-1",
)
USAGE: Final = Spec(
    name="battery_usage_trend",
    title="How worn a pack, or a station's packs, will be",
    unit="% of health",
    horizon=Horizon(30 * DAY, least=DAY, most=365 * DAY),
    features=stock_features.USAGE,
    needs=frozenset({_DAYS, _P}),
    build=stock_features.usage,
    heuristic=stock.usage,
    version="usage-heuristic-1",
)
REBALANCING: Final = Spec(
    name="battery_rebalancing",
    title="How many packs should come, or could go",
    unit="packs",
    horizon=Horizon(240, least=30),
    features=stock_features.REBALANCING,
    needs=frozenset({_D}),
    build=stock_features.rebalancing,
    heuristic=stock.rebalancing,
    version="rebalancing-heuristic-1",
)
STAFF: Final = Spec(
    name="staff_diversion",
    title="How many people should come, or could go",
    unit="people",
    horizon=Horizon(60, least=15),
    features=staff_features.STAFF,
    needs=frozenset({_D, _N}),
    build=staff_features.staff,
    heuristic=staff.staff,
    version="staff-heuristic-1",
)
ORDER: Final = Spec(
    name="battery_stock_order",
    title="How many packs to order",
    unit="packs",
    horizon=Horizon(14 * DAY, least=DAY, most=90 * DAY),
    features=stock_features.ORDER,
    needs=frozenset({_DAYS, _P}),
    build=stock_features.order,
    heuristic=stock.order,
    version="order-heuristic-1",
)
STORAGE: Final = Spec(
    name="partner_storage_allocation",
    title="How many packs a partner should store",
    unit="packs",
    horizon=Horizon(DAY, least=60, most=7 * DAY),
    features=stock_features.STORAGE,
    needs=frozenset({_DAYS, _S}),
    build=stock_features.storage,
    heuristic=stock.storage,
    version="storage-heuristic-1",
)
ENERGY: Final = Spec(
    name="energy_stability",
    title="Whether chargers or grid will be off their limits",
    unit="probability",
    horizon=Horizon(60),
    features=energy_features.ENERGY,
    needs=frozenset({_D}),
    build=energy_features.energy,
    heuristic=energy.stability,
    version="energy-heuristic-1",
)
RELIABILITY: Final = Spec(
    name="station_reliability",
    title="How much of the time a station will work",
    unit="share of the time",
    horizon=Horizon(7 * DAY, least=DAY, most=28 * DAY),
    features=fault_features.RELIABILITY,
    needs=frozenset({_F}),
    build=fault_features.reliability,
    heuristic=faults.reliability,
    version="reliability-heuristic-1",
)

CATALOG: Final = {
    spec.name: spec
    for spec in (
        LOAD,
        FAULT,
        ACTION,
        TRAFFIC,
        MICRO_TRAFFIC,
        ARRIVALS,
        USAGE,
        REBALANCING,
        STAFF,
        ORDER,
        STORAGE,
        ENERGY,
        RELIABILITY,
    )
}
