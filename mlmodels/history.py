"""What a model may know: plain figures as of one instant, whoever has gathered them.

The services fill it from the hub's records; training fills the same from its data. Counts are of swaps
that were completed, unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

WEEKS = 4
"""How many weeks back the same hours are looked at."""

LONGEST_WINDOW_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Place:
    """A station as it is. `bays` are staffed; `charged` packs can be promised; `on_the_way` are riders."""

    capacity: int = 1
    bays: int = 1
    staffable_bays: int = 1
    slots: int = 1
    waiting: int = 0
    active: int = 0
    on_the_way: int = 0
    packs: int = 0
    charged: int = 0
    charging: int = 0
    quarantined: int = 0
    staff: int = 0
    open_tickets: int = 0
    inbound: int = 0  # packs that jobs bring


@dataclass(frozen=True, slots=True)
class Demand:
    """Swaps at the station. The weeks are those of the last four in which it was in service."""

    ahead: tuple[int, ...] = ()  # in the window ahead, 1 to 4 weeks ago
    at_horizon: tuple[int, ...] = ()  # in the hour around its end, the same weeks
    lately: tuple[int, ...] = ()  # in the hour that ended now, the same weeks
    last_hour: int = 0
    daily: tuple[int, ...] = ()  # in each of the last 24 hours, newest first
    stays_minutes: tuple[float, ...] = ()  # from confirming to the swap's end, newest first
    swaps_minutes: tuple[float, ...] = ()  # from the scan to the swap's end


@dataclass(frozen=True, slots=True)
class Faults:
    """Incidents at the station. The last five are of the one that is asked about."""

    days_known: int = 0  # of the last 28, in which the station was in service
    last_7d: int = 0
    last_28d: int = 0
    outages_28d: int = 0  # high and critical ones
    down_hours_28d: int = 0  # while one of those was open
    same_7d: int = 0
    severity: int = 0  # 1 low to 4 critical
    failed_runs: int = 0
    in_hand: bool = False  # an incident is asked about


@dataclass(frozen=True, slots=True)
class PackReading:
    """A pack as it was read last. %, °C."""

    soc: float
    soh: float
    temperature_c: float
    cycles: int


@dataclass(frozen=True, slots=True)
class Roads:
    """Vehicles and their mean speeds, m/s, in the area (or cell) asked about and in the ring around it."""

    vehicles: int = 0
    speed_mps: float | None = None
    vehicles_around: int = 0
    speed_around_mps: float | None = None
    free_mps: float | None = None  # on free roads there, as measured
    local_hour: float | None = None  # 0 to 24, by the sun


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a partner could take packs."""

    free: int
    capacity: int
    distance_m: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another station near by."""

    bays_spare: int
    travel_minutes: float


@dataclass(frozen=True, slots=True)
class History:
    """All of it; what a model does not need may be empty."""

    at: datetime
    horizon_minutes: int
    place: Place = Place()
    demand: Demand = Demand()
    faults: Faults = Faults()
    packs: tuple[PackReading, ...] = ()
    pack: PackReading | None = None  # the one that is asked about
    roads: Roads = Roads()
    storage: Storage | None = None
    neighbour: Neighbour | None = None

    @property
    def window_minutes(self) -> int:
        """How long the windows of `Demand.ahead` are: as the horizon, a day at most."""
        return min(self.horizon_minutes, LONGEST_WINDOW_MINUTES)
