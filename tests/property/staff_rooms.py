"""What clients know of staff: the parts of their rooms, from a snapshot and the events after it."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

OPEN: Final = ("offered", "accepted", "arrived")
CARD: Final = (
    "diversion_id",
    "staff_id",
    "staff_name",
    "from_station_id",
    "to_station_id",
    "reason",
    "state",
    "travel_minutes",
    "expires_at",
    "expected_at",
    "arrived_at",
    "version",
)
SHIFT: Final = (
    "shift_id",
    "staff_id",
    "station_id",
    "kind",
    "starts_at",
    "ends_at",
    "expected_at",
    "version",
)


class StaffOfStation:
    """Of `station:{id}:staff`: who is on duty."""

    def __init__(self, snapshot: Json) -> None:
        self.rows = snapshot["staff"]

    def hear(self, event: Json) -> None:
        if event["event"] == "staff:changed":
            self.rows = event["items"]

    def known(self) -> Any:
        return self.rows


class OpenDiversions:
    """Every part of a diversion that is not over."""

    def __init__(self, snapshot: Json) -> None:
        self.cards = {(card["diversion_id"], card["staff_id"]): card for card in snapshot["diversions"]}

    def hear(self, event: Json) -> None:
        if event["event"] in ("staff:diversion-offered", "diversion:changed"):
            key = (event["diversion_id"], event["staff_id"])
            self.cards.pop(key, None)
            if event["state"] in OPEN:
                self.cards[key] = {field: event[field] for field in CARD}

    def known(self) -> Any:
        return self.cards


class StaffOfNetwork(OpenDiversions):
    """Of `admin`: who is on duty at each station, and open diversions."""

    def __init__(self, snapshot: Json) -> None:
        super().__init__(snapshot)
        self.crews = {crew["station_id"]: crew["items"] for crew in snapshot["staff"]}

    def hear(self, event: Json) -> None:
        super().hear(event)
        if event["event"] == "staff:changed":
            self.crews[event["station_id"]] = event["items"]

    def known(self) -> Any:
        return super().known(), {id: items for id, items in self.crews.items() if items}


class OwnDuty(OpenDiversions):
    """Of `user:{id}`: the own shift, and what one is asked."""

    def __init__(self, snapshot: Json) -> None:
        super().__init__(snapshot)
        self.shift = snapshot["shift"] and {field: snapshot["shift"][field] for field in SHIFT}
        self.arrived_at = snapshot["shift"] and snapshot["shift"]["arrived_at"]

    def hear(self, event: Json) -> None:
        super().hear(event)
        match event["event"]:
            case "shift:started":
                self.shift = {field: event[field] for field in SHIFT}
                self.arrived_at = None
            case "shift:ended":
                if self.shift and self.shift["shift_id"] == event["shift_id"]:
                    self.shift = self.arrived_at = None
            case "diversion:changed" if event["state"] == "arrived":
                self.arrived_at = event["arrived_at"]

    def known(self) -> Any:
        shift = self.shift and {key: value for key, value in self.shift.items() if key != "version"}
        return super().known(), shift, self.arrived_at
