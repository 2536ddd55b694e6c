"""The network at a moment of the past: what is in it, and how events change it.

In it are each station's figures and its queue without persons, open jobs, incidents and tickets. Every
event about one of them carries the whole of it, so the newest event before a moment is what it was then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import chain
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from services.base import Instant, Model
from services.board import StationBoard
from services.fault_views import IncidentView, TicketView, incident_view, ticket_view
from services.figures import QueueEntryView, StationFigures
from services.job_figures import JobFigures, figures
from services.ports import Live, Snapshot
from services.states import INCIDENT_OPEN, OPEN_JOB, TICKET_OPEN

Json = dict[str, Any]
Things = dict[str, Json]
"""By key, which is `kind:id`; as JSON."""

AT_ONCE: Final = 50  # things


class StationThen(StationFigures):
    """A station's status and its queue, without persons."""

    about: Literal["station"] = "station"
    station_id: str
    station_name: str
    version: int
    entries: tuple[QueueEntryView, ...]


class JobThen(JobFigures):
    """An open job."""

    about: Literal["job"] = "job"


class IncidentThen(IncidentView):
    """An open incident."""

    about: Literal["incident"] = "incident"


class TicketThen(TicketView):
    """An open ticket."""

    about: Literal["ticket"] = "ticket"


Thing = Annotated[StationThen | JobThen | IncidentThen | TicketThen, Field(discriminator="about")]

_thing: Final[TypeAdapter[Thing]] = TypeAdapter(Thing)

_STATION: Final = (*StationFigures.model_fields, "station_name", "version")
_QUEUE: Final = ("entries",)
_JOB: Final = tuple(field.alias or name for name, field in JobFigures.model_fields.items())
_FIELDS: Final = {
    "job": _JOB,
    "incident": tuple(IncidentView.model_fields),
    "ticket": tuple(TicketView.model_fields),
}
_STATE_IN: Final = {"job": "state", "incident": "state", "ticket": "status"}
_OPEN: Final = {
    "job": frozenset(map(str, OPEN_JOB)),
    "incident": frozenset(map(str, INCIDENT_OPEN)),
    "ticket": frozenset(map(str, TICKET_OPEN)),
}


def key_of(event: str | None, payload: Json) -> str | None:
    """The key of the thing that an event tells of; none for an event that tells of none."""
    match event:
        case "station:updated" | "queue:changed":
            return f"station:{payload['station_id']}"
        case "fault:raised" | "fault:changed":
            return f"incident:{payload['incident_id']}"
        case "ticket:changed":
            return f"ticket:{payload['ticket_id']}"
        case str() if event.startswith("job:") and all(field in payload for field in _JOB):
            return f"job:{payload['job_id']}"
    return None


def tells(event: str | None) -> bool:
    """May an event of this name be about something in the state? Asked before its payload is read."""
    return event is not None and event.startswith(
        ("station:updated", "queue:changed", "job:", "fault:", "ticket:")
    )


def follow(things: Things, event: str | None, payload: Json) -> None:
    """Change the state as an event says."""
    key = key_of(event, payload)
    if key is None:
        return
    kind, _, id = key.partition(":")
    if kind == "station":  # two events, one after the other, tell the whole of one
        fields = _STATION if event == "station:updated" else _QUEUE
        known = things.get(key, {"about": kind, "station_id": id})
        things[key] = {**known, **{field: payload[field] for field in fields}}
    elif payload[_STATE_IN[kind]] in _OPEN[kind]:
        things[key] = {"about": kind, **{field: payload[field] for field in _FIELDS[kind]}}
    else:
        things.pop(key, None)


def shown(things: Mapping[str, Json], keys: Iterable[str]) -> list[Thing]:
    """Some of the things, of which all is known."""
    return [_thing.validate_python(things[key], strict=False) for key in keys if _is_whole(things[key])]


def _is_whole(thing: Json) -> bool:
    """Of a new station the log may end between its two events."""
    return thing["about"] != "station" or ("version" in thing and "entries" in thing)


async def present(reads: Snapshot, live: Live) -> AsyncIterator[tuple[str, Json]]:
    """The state as it is now, by key in order; others get their turn while it is read."""
    jobs = await reads.transport_jobs.find({"state": OPEN_JOB})
    incidents = await reads.incidents.find({"state": INCIDENT_OPEN})
    tickets = await reads.tickets.find({"status": TICKET_OPEN})
    things: Iterable[tuple[str, Model]] = chain(
        ((f"incident:{one.id}", IncidentThen(**dict(incident_view(one)))) for one in incidents),
        ((f"job:{job.id}", JobThen(**figures(job))) for job in jobs),
        ((f"station:{board.station_id}", _of_board(board)) for board in await live.boards()),
        ((f"ticket:{one.id}", TicketThen(**dict(ticket_view(one)))) for one in tickets),
    )
    for number, (key, thing) in enumerate(things):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        yield key, thing.model_dump(mode="json")


def _of_board(board: StationBoard) -> StationThen:
    return StationThen(
        station_id=board.station_id,
        station_name=board.name,
        version=board.version,
        entries=tuple(entry.public for entry in board.entries),
        **dict(board.figures),
    )


class PastEvent(Model):
    """An event as the log has it. `event` is its name in rooms, `type` that in the log; one may be null."""

    seq: int
    id: str
    event: str | None
    type: str | None
    key: str
    at: Instant
    data: Json


class ReplayPage(Model):
    """First the state at `from`, in parts, then the events that follow it until `to`.

    `complete`: the state and every event of the window are told. Else `events_from` is the time of the
    oldest event that is kept, and `state_from` since when the state of a moment can be told (null: not yet).
    """

    complete: bool
    events_from: Instant | None
    state_from: Instant | None
    state_at: Instant | None
    state: list[Thing]
    items: list[PastEvent]
    next_cursor: str | None
