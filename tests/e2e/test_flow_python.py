"""The whole flow with python-socketio's client, whose handlers have a fixed number of arguments."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import socketio

from tests.e2e.flow import check_flow
from tests.e2e.process import HubProcess
from tests.e2e.test_flow_node import PEOPLE, station_of

DEADLINE_S = 5.0


@dataclass
class Person:
    """One client, what it heard, and what it was answered."""

    name: str
    client: Any = field(default_factory=lambda: socketio.AsyncClient(reconnection=False))
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, hub: HubProcess, token: str) -> None:
        self.client.on("*", self._hear)
        auth = {"token": token, "offsets": "payload"}
        await self.client.connect(hub.hub_url, auth=auth, transports=["websocket"])

    async def _hear(self, event: str, payload: dict[str, Any]) -> None:
        self.heard.append((event, payload))
        self.news.set()

    async def until(self, event: str) -> dict[str, Any]:
        """The event, heard already or to come."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                for name, payload in self.heard:
                    if name == event:
                        return payload
                self.news.clear()
                await self.news.wait()

    async def call(self, answers: dict[str, Any], event: str, payload: dict[str, Any] | None = None) -> Any:
        answer = await self.client.call(event, payload or {}, timeout=DEADLINE_S)
        answers[f"{self.name} {event}"] = answer
        return answer.get("data")


def north(station: dict[str, Any], metres: float) -> dict[str, float]:
    return {"lat": station["lat"] + metres / 111_195, "lng": station["lng"], "accuracy": 5}


def kept_fixes(station: dict[str, Any]) -> list[dict[str, Any]]:
    """Four fixes that a phone kept while it had no network."""
    now = datetime.now(UTC)
    return [
        {**north(station, metres), "at": (now - timedelta(seconds=120 - 30 * n)).isoformat()}
        for n, metres in enumerate((1500, 900, 700, 300))
    ]


async def test_flow_with_the_python_client_is_heard_by_those_who_may(hub: HubProcess) -> None:
    station = await station_of(hub)
    people = {who: Person(who) for who in PEOPLE}
    for who, person in people.items():
        await person.connect(hub, await hub.token(*PEOPLE[who]))
    answers: dict[str, Any] = {}
    rider, staff, stranger, admin = (people[who] for who in ("rider", "staff", "stranger", "admin"))
    await staff.call(answers, "room:join", {"room": f"station:{station['id']}:staff"})
    await stranger.call(answers, "room:join", {"room": f"station:{station['id']}"})
    await admin.call(answers, "room:join", {"room": "admin"})
    await rider.call(answers, "recommend", {"location": north(station, 1500), "battery_level": 22})
    place = await rider.call(answers, "queue:confirm", {"station_id": station["id"]})
    await rider.call(answers, "gps:batch", {"pings": kept_fixes(station)})
    await rider.call(answers, "gps:ping", north(station, 100))
    await rider.until("queue:called")
    begun = await staff.call(answers, "qr:verify", {"token": place["qr_token"]})
    handover = {
        "swap_id": begun["swap_id"],
        "old_battery_id": begun["old_battery_id"],
        "new_battery_id": begun["assigned_battery"]["id"],
        "old_battery_health": "healthy",
    }
    await staff.call(answers, "swap:complete", handover)
    for event in ("swap:completed", "credits:awarded", "queue:ended"):
        await rider.until(event)
    await admin.until("queue:ended")
    await stranger.until("station:updated")
    await rider.call(answers, "queue:mine")

    heard = {who: person.heard for who, person in people.items()}
    check_flow(answers, heard, station_id=station["id"], rider="consumer_001")
    assert any("offset" in payload for _, payload in rider.heard)
    for person in people.values():
        await person.client.disconnect()
