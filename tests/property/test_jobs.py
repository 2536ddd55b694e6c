"""Jobs after any history: no pack is in two places, and rooms are what their events say."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.models import HolderKind
from services.states import OPEN_JOB, JobState
from tests.property.carriers import OPERATIONS, Carriers, carriers
from tests.property.rooms import Json, plain

steps = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 8)), min_size=1, max_size=40)
few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
Steps = list[tuple[str, int]]


@few
@given(history=steps)
async def test_packs_money_and_timers_agree_with_the_jobs_after_any_history(history: Steps) -> None:
    async with carriers() as made:
        for operation, number in history:
            await made.step(operation, number)

            await _check(made)


async def _check(made: Carriers) -> None:
    jobs, packs = await made.jobs(), await made.roads.now.batteries.find({})
    by_id = {job.id: job for job in jobs}
    held = Counter(pack.held_for for pack in packs if pack.held_for in by_id)
    for job in jobs:
        wanted = job.loaded_ids or job.battery_ids if job.state in OPEN_JOB else ()
        assert held[job.id] == len(wanted), job
        assert {pack.id for pack in packs if pack.held_for == job.id} == set(wanted)
        assert (job.assignee_id is None) == (job.state in (JobState.PENDING, JobState.EXPIRED)) or (
            job.state is JobState.CANCELLED
        )
    slots = Counter(
        (pack.holder.id, pack.holder.slot) for pack in packs if pack.holder.kind is HolderKind.SLOT
    )
    assert max(slots.values()) == 1
    assert sum(pack.holder.kind is HolderKind.PARTNER for pack in packs) <= made.shop.capacity
    await _check_money(made)
    timers = await made.roads.now.timers.find({})
    for timer in timers:
        if timer.kind.startswith("job."):
            assert by_id[timer.subject].state in (JobState.PENDING, JobState.ASSIGNED)


async def _check_money(made: Carriers) -> None:
    postings = await made.roads.now.credits.find({"rule": "transport_award"})
    assert sum(posting.amount for posting in postings) == 0
    state = {JobState.IN_TRANSIT: "pending", JobState.DELIVERED: "posted", JobState.CANCELLED: "voided"}
    by_id = {job.id: job for job in await made.jobs()}
    for posting in postings:
        assert posting.state == state[by_id[posting.source].state]
    paid = {posting.source: posting.amount for posting in postings if posting.account != "network"}
    for job in by_id.values():
        if job.state is JobState.DELIVERED:
            assert (
                paid[job.id]
                == job.credits_earned
                == job.credits - 20 * (len(job.battery_ids) - len(job.delivered_ids))
            )


class Client:
    """Jobs and offers of one room, as its events say."""

    def __init__(self, snapshot: Json, *, all_open: bool = False, mine: str | None = None) -> None:
        self.jobs = {job["job_id"]: job for job in snapshot.get("jobs", [])}
        self.offers = {offer["job_id"]: offer for offer in snapshot.get("offers", [])}
        self.credits = snapshot.get("credits")
        self._shown = ("pending", "assigned", "in_transit") if all_open else ("assigned", "in_transit")
        self._mine = mine

    def hear(self, event: Json) -> None:
        match event["event"]:
            case "job:offered":
                self._offered(event)
            case "job:taken" | "job:declined":
                self.offers.pop(event["job_id"], None)
            case "credits:awarded":
                self.credits = event["balance"]
            case name if name.startswith("job:") and "state" in event:
                self._changed(event)

    def _offered(self, event: Json) -> None:
        self.offers[event["job_id"]] = _fields(event, "wave") | {"pickup_distance_m": None}

    def _changed(self, event: Json) -> None:
        is_shown = event["state"] in self._shown and self._mine in (None, event["assignee_id"])
        self.jobs.pop(event["job_id"], None)
        if is_shown:
            self.jobs[event["job_id"]] = _fields(event, "released_by", "reason")
        if event["state"] != "pending":
            self.offers.pop(event["job_id"], None)


def _fields(event: Json, *but: str) -> Json:
    return {key: value for key, value in event.items() if key not in ("event", "id", "at", "type", *but)}


async def _snapshots(made: Carriers) -> dict[str, Json]:
    shown: dict[str, Any] = {"admin": await made.snapshots.admin()}
    shown["transporters"] = await made.snapshots.transporters()
    for van in made.vans:
        shown[f"user:{van}"] = await made.snapshots.user(van)
    for station in made.stations:
        shown[f"station:{station.id}:staff"] = await made.snapshots.staff(station.id)
    return {room: plain(snapshot) for room, snapshot in shown.items()}


def _client(room: str, snapshot: Json) -> Client:
    mine = room.removeprefix("user:") if room.startswith("user:") else None
    return Client(snapshot, all_open=room == "admin", mine=mine)


@few
@given(before=steps, after=steps)
async def test_events_applied_to_a_snapshot_give_the_next_snapshot(before: Steps, after: Steps) -> None:
    async with carriers() as made:
        for operation, number in before:
            await made.step(operation, number)
        clients = {room: _client(room, shown) for room, shown in (await _snapshots(made)).items()}
        own = {job.id: plain(await made.snapshots.job(job.id))["job"] for job in await made.jobs()}
        heard = len(await made.city.told())

        for operation, number in after:
            await made.step(operation, number)
        for event in (await made.city.told())[heard:]:
            for room in event.pop("rooms"):
                if room in clients:
                    clients[room].hear(event)
                elif room.startswith("job:") and "state" in event:
                    own[event["job_id"]] = _fields(event, "released_by", "reason")

        for room, shown in (await _snapshots(made)).items():
            expected, client = _client(room, shown), clients[room]
            assert _all_but_version(client.jobs) == _all_but_version(expected.jobs), room
            if room != "admin":  # an admin hears of offers, and looks at jobs
                assert _all_but_version(client.offers) == _all_but_version(expected.offers), room
            assert room == "admin" or client.credits == expected.credits
        for job in await made.jobs():
            assert _but_version(own[job.id]) == _but_version(plain(await made.snapshots.job(job.id))["job"])
        assert await made.services.stations.live_equals_records()


def _all_but_version(shown: dict[str, Json]) -> dict[str, Json]:
    return {id: _but_version(one) for id, one in shown.items()}


def _but_version(job: Json) -> Json:
    """Offers going out and being declined change a job's version, and nothing that its room shows."""
    return {key: value for key, value in job.items() if key != "version"}
