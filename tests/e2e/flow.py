"""What everybody must have heard when one rider has swapped; the same for every client library."""

from __future__ import annotations

from typing import Any

Heard = dict[str, list[tuple[str, dict[str, Any]]]]

RIDER_HEARS = {
    "hub:session", "queue:updated", "queue:called", "qr:scanned", "swap:completed", "credits:awarded",
    "queue:ended",
}  # fmt: skip
STAFF_HEARS = {
    "hub:session", "queue:confirmed", "customer:approaching", "customer:arrived", "qr:scanned",
    "swap:completed",
    "battery:changed", "queue:updated", "queue:called", "queue:changed", "station:updated",
}  # fmt: skip
PUBLIC_HEARS = {"hub:session", "station:updated", "queue:changed"}
DROPPABLE = {"gps:positions", "stats:tick"}
ADMIN_HEARS = (RIDER_HEARS | STAFF_HEARS | PUBLIC_HEARS) | DROPPABLE


def names(heard: Heard, who: str) -> set[str]:
    return {event for event, _ in heard[who]}


def check_flow(answers: dict[str, Any], heard: Heard, *, station_id: str, rider: str) -> None:
    """Every answer is as the contract has it, every event reached who may see it and nobody else."""
    _check_answers(answers, station_id)
    assert names(heard, "rider") >= RIDER_HEARS
    assert names(heard, "staff") >= STAFF_HEARS
    assert names(heard, "rider") <= RIDER_HEARS
    assert names(heard, "staff") <= STAFF_HEARS | {"queue:left", "staff:changed"}
    assert names(heard, "stranger") == PUBLIC_HEARS  # no persons, also for another rider
    assert names(heard, "otherStaff") == {"hub:session"}
    assert names(heard, "admin") - DROPPABLE >= RIDER_HEARS | STAFF_HEARS | PUBLIC_HEARS
    _check_privacy(heard, rider)
    _check_order(heard)


def _check_answers(answers: dict[str, Any], station_id: str) -> None:
    refused = answers.pop("stranger room:join staff", None)
    assert refused is None or refused["error"]["code"] == "forbidden"
    failed = {call: answer for call, answer in answers.items() if not answer["ok"]}
    assert not failed
    assert answers["rider recommend"]["data"]["items"][0]["reasons"]
    place = answers["rider queue:confirm"]["data"]
    assert (place["station_id"], place["position"], place["state"]) == (station_id, 1, "confirmed")
    done = answers["staff swap:complete"]["data"]
    assert done["credits_earned"] == 10
    assert answers["rider queue:mine"]["data"] is None


def _check_privacy(heard: Heard, rider: str) -> None:
    for _, payload in heard["stranger"]:
        assert rider not in str(payload)
    for who, events in heard.items():
        for _, payload in events:
            assert "qr_token" not in str(payload), who


def _check_order(heard: Heard) -> None:
    """The order of the log is the order in which everybody hears, and ids sort like it."""
    for who, events in heard.items():
        ids = [payload["id"] for event, payload in events if "id" in payload and event not in DROPPABLE]
        assert len(ids) == len(set(ids)) or who == "admin"
        assert all(payload["at"].endswith("Z") for _, payload in events if "at" in payload)
    happened = [event for event, _ in heard["rider"] if event in ("qr:scanned", "swap:completed")]
    assert happened == ["qr:scanned", "swap:completed"]
    assert heard["rider"][0][0] == "hub:session"
