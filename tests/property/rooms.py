"""A client of each room: a snapshot, then events in order. It knows only what it hears."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]


def plain(model: Any) -> Json:
    parsed: Json = json.loads(model.model_dump_json())
    return parsed


def _status(event: Json) -> Json:
    """`station:updated` carries the whole status."""
    own = ("event", "at", "id", "station_id", "station_name")
    status = {key: value for key, value in event.items() if key not in own}
    return {**status, "id": event["station_id"], "name": event["station_name"]}


def _wait(event: Json, into: Json) -> None:
    for field in (
        "state",
        "position",
        "estimated_wait_minutes",
        "hold_until",
        "called_at",
        "call_until",
        "battery_id",
        "pack",
    ):
        if field in event:
            into[field] = event[field]


class StationClient:
    """Of `station:{id}`."""

    def __init__(self, snapshot: Json) -> None:
        self.view = snapshot

    def hear(self, event: Json) -> None:
        if event["event"] == "station:updated":
            self.view["station"] = _status(event)
        elif event["event"] == "queue:changed":
            self.view["queue"] = {key: event[key] for key in self.view["queue"]}


class StaffClient(StationClient):
    """Of `station:{id}:staff`: entries with their persons, and packs."""

    def __init__(self, snapshot: Json) -> None:
        self.entries = {entry["entry_id"]: entry for entry in snapshot.pop("entries")}
        self.packs = {pack["battery_id"]: pack for pack in snapshot.pop("batteries")}
        super().__init__(snapshot)

    def hear(self, event: Json) -> None:
        super().hear(event)
        entry_id = event.get("entry_id")
        match event["event"]:
            case "queue:confirmed":
                known = self.entries.setdefault(entry_id, {})
                known |= {key: event[key] for key in _PERSON}
                _wait(event, known)
            case "queue:updated" | "queue:called":
                _wait(event, self.entries.setdefault(entry_id, {"entry_id": entry_id}))
            case "queue:left" | "swap:completed":
                self.entries.pop(entry_id, None)
            case "battery:changed":
                self._pack(event)

    def _pack(self, event: Json) -> None:
        holder = event["holder"]
        if holder["kind"] == "slot" and holder["id"] == event["station_id"]:
            fields = ("battery_id", "slot", "state", "soc", "soh", "held", "version")
            self.packs[event["battery_id"]] = {field: event[field] for field in fields}
        else:
            self.packs.pop(event["battery_id"], None)


def turn_of(event: Json) -> Json | None:
    """The turn that an event tells, none when it is over."""
    if event["state"] not in ("waiting", "offered"):
        return None
    return {key: value for key, value in event.items() if key not in ("event", "at", "id")}


class AdminClient:
    """Of `admin`: all stations, all open entries, all open turns."""

    def __init__(self, snapshot: Json) -> None:
        self.stations = {station["id"]: station for station in snapshot["stations"]}
        self.entries = {entry["entry_id"]: entry for entry in snapshot["entries"]}
        self.turns = {turn["waiting_id"]: turn for turn in snapshot["waitlist"]}

    def hear(self, event: Json) -> None:
        entry_id = event.get("entry_id")
        match event["event"]:
            case "waitlist:updated" | "queue:offered":
                turn = turn_of(event)
                self.turns.pop(event["waiting_id"], None)
                if turn is not None:
                    self.turns[turn["waiting_id"]] = turn
            case "station:updated":
                self.stations[event["station_id"]] = _status(event)
            case "queue:confirmed":
                known = self.entries.setdefault(entry_id, {})
                known |= {key: event[key] for key in _PERSON}
                _wait(event, known)
            case "queue:updated" | "queue:called":
                _wait(event, self.entries.setdefault(entry_id, {"entry_id": entry_id}))
            case "queue:ended":
                self.entries.pop(entry_id, None)


class UserClient:
    """Of `user:{id}`: the own entry, the own turn on a waitlist, the own credits."""

    def __init__(self, snapshot: Json) -> None:
        self.entry = snapshot["entry"]
        self.waiting = snapshot["waiting"]
        self.credits = snapshot["credits"]
        self.user = snapshot["user"]

    def hear(self, event: Json) -> None:
        match event["event"]:
            case "queue:updated" | "queue:still-coming":
                self.entry = {**(self.entry or {}), **event}
            case "queue:ended":
                self.entry = None
            case "waitlist:updated" | "queue:offered":
                self.waiting = turn_of(event)
            case "profile:changed":
                self.user = {
                    "id": event["user_id"],
                    "name": event["user_name"],
                    "vehicle": event["vehicle"],
                }
            case "credits:awarded":
                self.credits = event["balance"]


_PERSON = ("entry_id", "user_id", "user_name", "vehicle", "station_id", "swap_id")


def comparable(entries: dict[str, Json]) -> dict[str, Json]:
    """Entries without their version: an event may be about less than a version."""
    return {
        id: {key: value for key, value in entry.items() if key != "version"} for id, entry in entries.items()
    }
