"""Invariants of the records, read from the file or the database: independent of the code that wrote it.

`path` is the embedded store's file, also where its directory's hub keeps its records elsewhere.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.support.stores import STORES

OPEN = {"confirmed", "approaching", "arrived", "active"}


def documents(path: Path, table: str) -> list[dict[str, Any]]:
    return STORES.documents(path.parent, table)


def check_records(path: Path) -> None:
    """Nothing is half there: places, promises, swaps, tokens, credits and packs agree."""
    tables = ("queues", "batteries", "custody", "swaps", "credits", "qr_tokens", "stations", "timers")
    found = {table: documents(path, table) for table in tables}
    entries = {entry["id"]: entry for entry in found["queues"]}
    opened = [entry for entry in entries.values() if entry["state"] in OPEN]
    _check_places(found, opened)
    _check_promises(found, entries, opened)
    _check_swaps(found, entries)
    _check_credits(found)
    _check_custody(found)
    _check_log(path)


def _check_places(found: dict[str, list[dict[str, Any]]], opened: list[dict[str, Any]]) -> None:
    assert max(Counter(entry["user_id"] for entry in opened).values(), default=0) <= 1
    capacity = {station["id"]: station["capacity"] for station in found["stations"]}
    for station_id, taken in Counter(entry["station_id"] for entry in opened).items():
        assert taken <= capacity[station_id]
    for station_id in capacity:
        waiting = [e for e in opened if e["station_id"] == station_id and e["state"] != "active"]
        told = [e["position"] for e in sorted(waiting, key=lambda entry: entry["order"])]
        assert told == list(range(1, len(told) + 1))


def _check_promises(
    found: dict[str, list[dict[str, Any]]], entries: dict[str, Any], opened: list[dict[str, Any]]
) -> None:
    held = {pack["held_for"]: pack for pack in found["batteries"] if pack["held_for"]}
    assert set(held) == {entry["id"] for entry in opened}
    assert all(held[entry["id"]]["id"] == entry["battery_id"] for entry in opened)
    slots = Counter(
        (p["holder"]["id"], p["holder"]["slot"]) for p in found["batteries"] if p["holder"]["kind"] == "slot"
    )
    assert max(slots.values()) == 1
    riders = Counter(p["holder"]["id"] for p in found["batteries"] if p["holder"]["kind"] == "rider")
    assert max(riders.values()) == 1
    for timer in found["timers"]:
        assert entries[timer["subject"]]["state"] in OPEN


def _check_swaps(found: dict[str, list[dict[str, Any]]], entries: dict[str, Any]) -> None:
    expected = {"active": "active", "completed": "completed"}
    for swap in found["swaps"]:
        state = entries[swap["entry_id"]]["state"]
        assert swap["state"] == expected.get(state, "pending" if state in OPEN else "cancelled")
    used = {token["entry_id"] for token in found["qr_tokens"] if token["used_at"]}
    assert used == {entry["id"] for entry in entries.values() if entry["started_at"]}


def _check_credits(found: dict[str, list[dict[str, Any]]]) -> None:
    assert sum(posting["amount"] for posting in found["credits"]) == 0
    state = {"active": "pending", "completed": "posted", "cancelled": "voided"}
    swaps = {swap["id"]: swap for swap in found["swaps"]}
    for posting in found["credits"]:
        assert posting["state"] == state[swaps[posting["source"]]["state"]]
    paid = {posting["source"] for posting in found["credits"]}
    assert {swap["id"] for swap in found["swaps"] if swap["state"] == "completed"} <= paid


def _check_custody(found: dict[str, list[dict[str, Any]]]) -> None:
    """Each pack's chain is whole, and ends with who has it; each completed swap is in two, or in one."""
    links = sorted(found["custody"], key=lambda link: (link["battery_id"], link["number"]))
    for before, link in pairwise(links):
        if before["battery_id"] == link["battery_id"]:
            assert link["number"] == before["number"] + 1
            assert link["previous_hash"] == before["hash"]
            assert link["giver"] == before["taker"]
    ends = {link["battery_id"]: link for link in links}
    for pack in found["batteries"]:
        assert pack["custody_hash"] == (ends[pack["id"]]["hash"] if pack["id"] in ends else "")
        assert pack["id"] not in ends or ends[pack["id"]]["taker"] == pack["holder"]
    handed = Counter(link["proof"] for link in links)
    for swap in found["swaps"]:
        moved = 1 + bool(swap["old_battery_id"]) if swap["state"] == "completed" else 0
        assert handed[f"swap:{swap['id']}"] == moved


def _check_log(path: Path) -> None:
    """Every end of a swap is in the log, once."""
    logged = Counter(fact["swap_id"] for fact in STORES.logged(path.parent, "swap.completed"))
    done = {swap["id"] for swap in documents(path, "swaps") if swap["state"] == "completed"}
    assert set(logged) == done
    assert max(logged.values(), default=1) == 1
