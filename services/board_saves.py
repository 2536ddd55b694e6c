"""Boards of several stations that one step has changed, each published once."""

from __future__ import annotations

from collections.abc import Iterable

from services.boards import Boards
from services.models import Station
from services.ports import Transaction


async def publish_all(tx: Transaction, boards: Boards, station_ids: Iterable[str]) -> None:
    """Publish stations whose stock was changed; of those that do not exist there is nothing to tell."""
    for station in await _existing(tx, station_ids):
        await boards.publish(tx, station)


async def publish_anew(tx: Transaction, boards: Boards, station_ids: Iterable[str]) -> None:
    """The same with their staff counted anew."""
    for station in await _existing(tx, station_ids):
        await boards.publish(tx, station.model_copy(update={"staff_on_duty": None}))


async def _existing(tx: Transaction, station_ids: Iterable[str]) -> list[Station]:
    found = [await tx.stations.get(station_id) for station_id in sorted(set(station_ids))]
    return [station for station in found if station is not None]
