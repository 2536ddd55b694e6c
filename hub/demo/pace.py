"""How time passes for the demo."""

from __future__ import annotations

from dataclasses import dataclass

from hub.demo.chargers import REPORT_EVERY_S
from hub.demo.place import LOOK_EVERY_S
from hub.demo.vehicle import FASTEST_SEEN_MPS, PING_EVERY_S


@dataclass(frozen=True, slots=True)
class Pace:
    """City time is `factor` times faster than the clock of the hub; the other times are that clock's."""

    factor: float = 1.0
    fastest_mps: float = FASTEST_SEEN_MPS  # of a vehicle, as it is seen
    ping_every_s: float = PING_EVERY_S
    van_pings_every_s: float = PING_EVERY_S
    look_every_s: float = LOOK_EVERY_S  # at what one has not heard of
    report_every_s: float = REPORT_EVERY_S  # a station's controller
    always_seen: bool = True  # vehicles are also seen on ways of which the hub need not know
