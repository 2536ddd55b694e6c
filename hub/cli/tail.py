"""`navswap tail TOPIC`: the events of a topic as they come, and with `--from` those that were.

From Kafka where it is set, else from the hub's own log, while a hub runs or none does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import select
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from hub import logs
from hub.clock import utc_now
from hub.config import ConfigError, Settings, check
from hub.lifespan import RECORDS_FILE
from hub.stores import follow, sqlite_look
from services.base import Clock
from services.errors import Unavailable
from services.events import Topic

TICK_S: Final = 0.5  # so often it looks whether somebody still reads
AGO: Final = re.compile(r"^-(\d+(?:\.\d+)?)([smhd])$")
UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Pages = AsyncIterator[list[dict[str, Any]]]


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("tail", help="follow a topic's events", description=__doc__)
    parser._negative_number_matcher = AGO  # else `--from -15m` is an option that nobody knows
    parser.add_argument("topic", help=", ".join(Topic) + "; with Kafka any other too")
    parser.add_argument(
        "--from", dest="since", metavar="TIME", help="2026-11-24T10:00:00Z, -15m (s, m, h, d), or start"
    )
    parser.add_argument("--json", action="store_true", help="one CloudEvent a line, as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print until Ctrl-C, or until nobody reads what is printed."""
    settings = Settings()
    check(settings)
    logs.configure("error", "text")
    since = instant(arguments.since, clock=utc_now) if arguments.since else None
    try:
        asyncio.run(_tail(settings, arguments.topic, since, as_json=arguments.json))
    except BrokenPipeError:
        # What Python flushes at its end must not meet the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        pass
    except Unavailable:
        print("navswap: the log cannot be read now", file=sys.stderr)
        return 1
    return 0


def instant(text: str, *, clock: Clock) -> datetime:
    """A time as a person gives it. Raises ConfigError, which names what can be given."""
    if text == "start":
        return EPOCH
    if ago := AGO.match(text):
        return clock() - timedelta(**{UNITS[ago[2]]: float(ago[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError("--from", f"{text} is no time; give 2026-11-24T10:00:00Z, -15m or start") from None
    return at.replace(tzinfo=at.tzinfo or UTC)


async def _tail(settings: Settings, topic: str, since: datetime | None, *, as_json: bool) -> None:
    write = json_line if as_json else text_line
    async with AsyncExitStack() as stack:
        async for page in await _pages(settings, topic, since, stack):
            for event in page:
                sys.stdout.write(write(event))
            sys.stdout.flush()
            if not page and _nobody_reads():
                return


async def _pages(settings: Settings, topic: str, since: datetime | None, stack: AsyncExitStack) -> Pages:
    if settings.kafka_bootstrap_servers is not None:
        return await _of_kafka(settings, topic, since)
    if topic not in list(Topic):
        raise ConfigError("topic", f"there is no {topic}; there are {', '.join(Topic)}")
    return follow.follow(await _log(settings, stack), topic, since=since, tick_s=TICK_S)


async def _log(settings: Settings, stack: AsyncExitStack) -> follow.ReadableLog:
    if settings.mongodb_uri is None:
        return stack.enter_context(sqlite_look.look_at(settings.data_dir / RECORDS_FILE))
    from hub.stores import mongo_look  # a driver that few need

    return await stack.enter_async_context(mongo_look.look_at(settings.mongodb_uri.get_secret_value()))


async def _of_kafka(settings: Settings, topic: str, since: datetime | None) -> Pages:
    from hub.stores import kafka, kafka_follow, kafka_topics  # a driver that few need

    cluster = kafka.KafkaCluster.of(settings)
    name = cluster.name(topic)
    try:
        absent = await kafka_topics.missing(cluster, name)
    except kafka.AWAY as error:
        raise ConfigError("KAFKA_BOOTSTRAP_SERVERS", f"no broker can be asked: {error}") from error
    if absent:
        raise ConfigError("topic", f"Kafka has no {name}")
    return kafka_follow.follow(cluster, name, since=since, tick_s=TICK_S)


def _nobody_reads() -> bool:
    """Has the reader of our output closed its end? Asked when there is nothing to write."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(what & (select.POLLERR | select.POLLHUP) for _, what in poll.poll(0))


def json_line(event: dict[str, Any]) -> str:
    return orjson.dumps(event).decode() + "\n"


def text_line(event: dict[str, Any]) -> str:
    """`2026-11-24T10:00:00.000000Z  swap.completed  station_001  {...}`"""
    data = orjson.dumps(event["data"]).decode() if "data" in event else event["data_base64"]
    reason = f"  {event['dlqreason']}" if "dlqreason" in event else ""
    return f"{event['time']}  {event['type']}{reason}  {event['subject']}  {data}\n"
