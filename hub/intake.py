"""Telemetry that comes by Kafka: run as the operation that the station's controller would call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256
from typing import Final

from hub.cancelled import asked_to_end
from hub.cloudevents import PREFIX
from hub.dispatch import Request
from hub.logs import logger
from hub.metrics import Metrics
from hub.operations import Identity
from hub.outcome import Outcome, Refusal
from hub.payloads import JsonPayload
from hub.stores.kafka import AWAY, KafkaCluster
from hub.stores.kafka_dead import DeadLetters
from hub.stores.kafka_group import GroupMember, Message
from hub.stores.kafka_topics import DEAD, ensure
from services.base import Clock
from services.errors import ErrorCode
from services.models import Role

TOPIC: Final = "station_telemetry"
USER: Final = "kafka"
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 10.0
AGAIN: Final = frozenset((ErrorCode.UNAVAILABLE, ErrorCode.RATE_LIMITED))
INTERNAL_TRIES: Final = 3
"""What fails for no known reason is tried so often: a fault of ours need not be the message's."""

Run = Callable[[Request], Awaitable[Outcome]]

_log = logger("hub.kafka")


class Stopped(Exception):
    """The hub stops while a store is away: the message stays with Kafka."""


class Intake:
    """Takes `station_telemetry` while the hub runs. Kafka may come and go."""

    def __init__(
        self, cluster: KafkaCluster, group: str, run: Run, metrics: Metrics, *, clock: Clock
    ) -> None:
        """`run` runs the operation `station:telemetry`, without a limit of calls."""
        self._cluster = cluster
        self._topic = cluster.name(TOPIC)
        self._group = group
        self._run = run
        self._metrics = metrics
        self._clock = clock
        self._taken = False  # was anything, by this membership
        self._stop = asyncio.Event()
        self._done = asyncio.Event()

    async def run(self) -> None:
        """Take messages until `drain`."""
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set():
            why = await self._survive()
            if self._taken:
                pause_s = FIRST_PAUSE_S
            if pause_s == FIRST_PAUSE_S and why:  # once in an outage
                _log.warning("telemetry cannot be read from Kafka, trying again", why=why)
            await self._wait(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        self._done.set()

    async def drain(self, within_s: float) -> None:
        """Stop; the batch in work is finished and committed, if it can be in that time."""
        self._stop.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._done.wait()

    async def _survive(self) -> str:
        try:
            return await self._session()
        except asyncio.CancelledError:
            if asked_to_end():
                raise
            return "cut off inside the driver"

    async def _session(self) -> str:
        """One membership of the group, until the hub stops or Kafka is away; then it says why."""
        self._taken, why = False, ""
        try:
            await ensure(self._cluster, self._topic, self._topic + DEAD)
            async with DeadLetters(self._cluster, self._topic, clock=self._clock) as dead:
                member = GroupMember(
                    self._cluster, self._group, self._topic, lambda message: self._take(message, dead)
                )
                await member.run(self._stop)
        except* Stopped:
            _log.info("stopped before telemetry in work was taken; it comes again")
        except* AWAY as away:
            error = away.exceptions[0]
            why = str(error) or type(error).__name__
        return why

    async def _wait(self, longest_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._stop.wait()

    async def _take(self, message: Message, dead: DeadLetters) -> None:
        """Until it is durable, or buried. A store that is away is waited for."""
        outcome = await self._insist(message)
        if outcome.refusal is not None:
            await dead.bury(message, outcome.refusal)
        self._taken = True
        self._metrics.telemetry_taken("replayed" if outcome.replayed else outcome.label)

    async def _insist(self, message: Message) -> Outcome:
        pause_s, internal = FIRST_PAUSE_S, 0
        while True:
            outcome = await self._run_once(message)
            code = outcome.refusal.code if outcome.refusal else None
            internal += code is ErrorCode.INTERNAL
            if code not in AGAIN and not (code is ErrorCode.INTERNAL and internal < INTERNAL_TRIES):
                return outcome
            await self._wait(pause_s)
            if self._stop.is_set():
                raise Stopped
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _run_once(self, message: Message) -> Outcome:
        try:
            station_id = (message.key or b"").decode()
        except UnicodeDecodeError:
            station_id = ""
        if not station_id:
            problem = {"path": "key", "message": "should be the station's id"}
            return Outcome(refusal=Refusal(ErrorCode.VALIDATION_FAILED, "The key is missing.", [problem]))
        identity = Identity(USER, Role.DEVICE, "Kafka", station_id, float("inf"))
        payload = JsonPayload(message.value or b"", {})
        return await self._run(Request(identity, payload, request_id=request_id(message)))


def request_id(message: Message) -> str:
    """Under which the answer is kept: the event's own id where it has one, else its place in the topic.

    A CloudEvents id is unique per source, and our request ids are short. The time is in the place so
    that a topic that was made anew begins with other ids.
    """
    headers = dict(message.headers)
    if event_id := headers.get(PREFIX + "id"):
        named = b"\n".join((message.key or b"", headers.get(PREFIX + "source", b""), event_id))
        return sha256(named).hexdigest()[:40]
    return f"{message.partition}/{message.offset}/{message.timestamp}"
