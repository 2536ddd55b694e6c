"""The generator: runs in a process of its own and prints what it measured as one line of JSON.

`python -m benchmarks.hub.load SCENARIO PORT`, tokens as JSON on stdin.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter, process_time
from typing import Any

import orjson

from benchmarks.hub.city import PLACES, STATIONS, station_id
from benchmarks.hub.client import connect

Tokens = dict[str, list[str]]
IN_FLIGHT = 100
FEW_IN_FLIGHT = 8  # as many as the bare loop of `mongo_bench`


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def confirms(port: int, tokens: Tokens, *, in_flight: int = IN_FLIGHT) -> dict[str, float]:
    """Every rider takes a place, so many commands in flight: confirms per second, all done."""
    riders = await connect(port, tokens["riders"])
    stations = tokens.get("stations") or [station_id(n) for n in range(STATIONS)]
    waits: list[float] = []
    queue = iter(enumerate(riders))

    async def worker() -> None:
        for n, rider in queue:
            began = perf_counter()
            answer = await rider.call("queue:confirm", {"station_id": stations[n % len(stations)]})
            waits.append(perf_counter() - began)
            assert answer["ok"], answer

    began = perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return {
        "per_s": len(riders) / (perf_counter() - began),
        "p50_ms": quantile(waits, 0.5) * 1000,
        "p99_ms": quantile(waits, 0.99) * 1000,
    }


async def verify(port: int, tokens: Tokens) -> dict[str, float]:
    """500 riders connected, each sending positions; staff scan the codes of those who have a place."""
    riders = await connect(port, tokens["riders"][:500])
    staff = await connect(port, tokens["staff"])
    places = await asyncio.gather(
        *(
            rider.call("queue:confirm", {"station_id": station_id(n % STATIONS)})
            for n, rider in enumerate(riders)
        )
    )
    waits: list[float] = []
    for n, place in enumerate(places):
        riders[(n * 7) % 500].call("gps:ping", {"lat": 12.9, "lng": 77.5})
        began = perf_counter()
        answer = await staff[n % STATIONS].call("qr:verify", {"token": place["data"]["qr_token"]})
        waits.append(perf_counter() - began)
        assert answer["ok"], answer
    return {"p50_ms": quantile(waits, 0.5) * 1000, "p99_ms": quantile(waits, 0.99) * 1000}


async def fanout(port: int, tokens: Tokens) -> dict[str, float]:
    """1,000 members of one station's room hear 200 events: 100 riders take places there at once."""
    members = await connect(port, tokens["riders"][:1000])
    actors = await connect(port, tokens["riders"][1000 : 1000 + PLACES])
    room = {"room": f"station:{station_id(0)}"}
    await asyncio.gather(*(member.call("room:join", room) for member in members))
    before = sum(member.heard for member in members)
    rounds = -(-100 // PLACES)  # a confirm and a leave are two events each
    began = perf_counter()
    expected = 0
    for _ in range(rounds):
        for event, payload in (("queue:confirm", {"station_id": station_id(0)}), ("queue:leave", {})):
            answers = await asyncio.gather(*(actor.call(event, payload) for actor in actors))
            assert all(answer["ok"] for answer in answers), answers
            expected += 2 * len(actors)
            if expected >= 200:
                break
        if expected >= 200:
            break
    wanted = before + expected * len(members)
    async with asyncio.timeout(30):
        while sum(member.heard for member in members) < wanted:  # noqa: ASYNC110 - counting must not cost
            await asyncio.sleep(0.002)
    seconds = perf_counter() - began
    return {"events": expected, "deliveries_per_s": expected * len(members) / seconds}


async def idle(port: int, tokens: Tokens) -> dict[str, float]:
    """500 riders connected to their stations' rooms and quiet; the caller measures the hub meanwhile."""
    riders = await connect(port, tokens["riders"][:500])
    for n, rider in enumerate(riders):
        await rider.call("room:join", {"room": f"station:{station_id(n % STATIONS)}"})
    print("idle", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    return {"connected": sum(client.ready.done() for client in riders)}


SCENARIOS: dict[str, Callable[[int, Tokens], Awaitable[dict[str, float]]]] = {
    "confirms": confirms,
    "confirms_few": partial(confirms, in_flight=FEW_IN_FLIGHT),
    "verify": verify,
    "fanout": fanout,
    "idle": idle,
}


async def main(scenario: str, port: int) -> None:
    tokens: Tokens = orjson.loads(sys.stdin.readline())
    began = process_time()
    measured: dict[str, Any] = await SCENARIOS[scenario](port, tokens)
    measured["generator_cpu_s"] = process_time() - began
    print(orjson.dumps(measured).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
