"""A station's board: its queue and its stock at one version, as the live state keeps it.

It is a pure projection of the records: `project` makes it, and every answer and event about a
station is read from it, so that all doors show the same figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from services.base import Location, Model
from services.cells import FINEST, cell_of
from services.figures import BatteryCounts, QueueCounts, StationFigures
from services.models import BoardEntry, Entry, PackPromise, Station
from services.prospects import Prospects, predicted_fault_risk, predicted_load
from services.wait import Wait, estimate

Outlook = tuple[PackPromise, float | None]
"""How a promise stands, and in how many minutes its pack is charged; none when nobody can say."""

ASSIGNED: Final[Outlook] = (PackPromise.ASSIGNED, 0.0)


class Stock(Model):
    """Packs in a station's slots. `sellable` can be promised now; counted by battery type."""

    counts: BatteryCounts
    sellable: dict[str, int]
    next_ready_minutes: float | None = None  # until the next pack is charged; null if none is charging
    relies_on_charging: bool = False  # is a pack promised that may still have to charge?


class StationBoard(Model):
    """Everything the doors show of a station, at one version."""

    station_id: str
    version: int
    name: str
    location: Location
    is_active: bool
    capacity: int
    bays: int  # that are staffed
    slots: int  # packs that it can hold
    entries: tuple[BoardEntry, ...]  # waiting ones in their order, then the active ones
    stock: Stock
    staff_on_duty: int
    open_tickets: int
    on_offer: int = 0  # places kept for riders of the waitlist
    prospects: Prospects = Prospects()

    @cached_property
    def cell(self) -> str:
        """The finest cell that the station is in: it is looked up by it."""
        return cell_of(self.location, FINEST)

    @cached_property
    def length(self) -> int:
        """Entries that wait; those being served have no position."""
        return sum(entry.position is not None for entry in self.entries)

    @property
    def active(self) -> int:
        return len(self.entries) - self.length

    @property
    def available_slots(self) -> int:
        return max(0, self.capacity - len(self.entries) - self.on_offer)

    @cached_property
    def charged_batteries(self) -> int:
        """Packs that can be promised now, of every type together."""
        return sum(self.stock.sellable.values())

    @cached_property
    def newcomer_wait(self) -> Wait:
        """What the next rider to confirm would wait."""
        ready_in = 0.0 if self.charged_batteries else (self.stock.next_ready_minutes or 0.0)
        return estimate(ahead=self.length, active=self.active, bays=self.bays, ready_in_minutes=ready_in)

    @property
    def predicted_load(self) -> float:
        """Share of the places taken an hour from now, 0 to 1."""
        return predicted_load(
            self.prospects, queue_length=self.length, active=self.active, capacity=self.capacity
        )

    @property
    def predicted_fault_risk(self) -> float:
        """Chance of a fault within a day, 0 to 1."""
        counts = self.stock.counts
        return predicted_fault_risk(
            self.prospects,
            open_tickets=self.open_tickets,
            packs=counts.total,
            quarantined=counts.quarantined,
        )

    @cached_property
    def figures(self) -> StationFigures:
        """As every answer and event shows the station."""
        return StationFigures(
            location=self.location,
            is_active=self.is_active,
            queue=QueueCounts(
                length=self.length,
                active=self.active,
                capacity=self.capacity,
                estimated_wait_minutes=self.newcomer_wait,
            ),
            available_slots=self.available_slots,
            charged_batteries=self.charged_batteries,
            batteries=self.stock.counts,
            staff_on_duty=self.staff_on_duty,
            predicted_load=self.predicted_load,
            predicted_fault_risk=self.predicted_fault_risk,
            open_tickets=self.open_tickets,
        )


Place = tuple[Entry, int | None, Wait | None, PackPromise]
"""An open entry with its position, its wait (both none while it is served) and its pack as they are now."""


def ranked(entries: Iterable[Entry], bays: int, outlook: Mapping[str, Outlook]) -> list[Place]:
    """Open entries with their places: the waiting ones in their order, then those being served."""
    ordered = sorted(entries, key=lambda entry: entry.order)
    waiting = [entry for entry in ordered if entry.is_waiting]
    active = [entry for entry in ordered if not entry.is_waiting]
    places: list[Place] = []
    for ahead, entry in enumerate(waiting):
        pack, minutes = outlook.get(entry.id, ASSIGNED)
        places.append((entry, ahead + 1, _wait(ahead, len(active), bays, minutes), pack))
    return [*places, *((entry, None, None, outlook.get(entry.id, ASSIGNED)[0]) for entry in active)]


def _wait(ahead: int, active: int, bays: int, ready_in_minutes: float | None) -> Wait | None:
    """Null for a rider whose pack nobody can say a time for."""
    if ready_in_minutes is None:
        return None
    return estimate(ahead=ahead, active=active, bays=bays, ready_in_minutes=ready_in_minutes)


def project(
    station: Station,
    told: Iterable[Entry],
    stock: Stock,
    *,
    bays: int,
    staff_on_duty: int,
    open_tickets: int,
    on_offer: int,
) -> StationBoard:
    """The board of a station from its records; `told` are the open entries in the order of `ranked`."""
    return StationBoard(
        station_id=station.id,
        version=station.version,
        name=station.name,
        location=station.location,
        is_active=station.is_active,
        capacity=station.capacity,
        bays=bays,
        slots=station.slots,
        entries=tuple(entry.on_board for entry in told),
        stock=stock,
        staff_on_duty=staff_on_duty,
        open_tickets=open_tickets,
        on_offer=on_offer,
        prospects=station.prospects,
    )


def staffed_bays(bays: int, staff_present: int) -> int:
    """Swaps that can go on at once; one at least, for a station waits for its staff."""
    return max(1, min(bays, staff_present))
