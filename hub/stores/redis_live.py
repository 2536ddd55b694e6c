"""Live state in Redis, shared by the nodes. What it loses it gets again from the records (ADR 26)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import chain
from typing import Final, TypeVar

from pydantic import ValidationError

from hub.stores.redis_client import open_redis
from hub.stores.redis_commands import Command, RedisCommands, Script
from hub.stores.redis_whole import INDEX, OF_INDEX, SEAL, Wholeness
from services.base import Clock, Model
from services.board import StationBoard
from services.cells import span
from services.fences import FenceTrack
from services.fixes import GpsFix
from services.kept_forecasts import KeptForecast
from services.ports import Allowance, LiveMark

MOST_USERS: Final = 100_000
DAY_MS: Final = 24 * 3600 * 1000  # a position of yesterday is not where somebody is
LAST: Final = "locations"  # users by the time of their newest fix
PLACES: Final = f"places:{{{INDEX}}}"

PUT_BOARD: Final = Script.load("put_board")
PUT_INDEX: Final = Script.load("put_index")
FORGET_BOARD: Final = Script.load("forget_board")
FORGET_INDEX: Final = Script.load("forget_index")
FIND_BOARDS: Final = Script.load("find_boards")
PUT_POSITION: Final = Script.load("put_position")
PUT_LAST: Final = Script.load("put_last")
FORGET_POSITION: Final = Script.load("forget_position")
FORGET_LAST: Final = Script.load("forget_last")
PUT_FENCES: Final = Script.load("put_fences")
ALLOW: Final = Script.load("allow")
SCRIPTS: Final = (
    PUT_BOARD,
    PUT_INDEX,
    FORGET_BOARD,
    FORGET_INDEX,
    FIND_BOARDS,
    PUT_POSITION,
    PUT_LAST,
    FORGET_POSITION,
    FORGET_LAST,
    PUT_FENCES,
    ALLOW,
    SEAL,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)

_Kept = TypeVar("_Kept", bound=Model)


class RedisLive:
    """Implements `services.ports.Live`. Every step is one script, so it is atomic between nodes.

    | key | holds | kept |
    |---|---|---|
    | `queue:{station_id}` | a board, its version and digest | as long as the station: a rebuild removes it |
    | `queues` | version, digest and cell of every board | as the boards |
    | `places:{queues}` | stations by their cells | as the boards |
    | `location:{user_id}` | the newest fix, and the fences | a day after the last of them |
    | `locations` | users by the time of their newest fix, the newest 100,000 | a day after the last fix |
    | `prediction:{model}:{id}` | a model's newest forecast | as long as it is worth |
    | `rate:{user and class}` | two windows | an hour after the last call that was allowed |
    | `live:{n}` | one mark on every master: nothing was lost | for good: its loss is its meaning |
    """

    def __init__(
        self, commands: RedisCommands, *, clock: Clock | None = None, most_users: int = MOST_USERS
    ) -> None:
        """`clock` is for tests: without it the windows go by the server's clock, one for all nodes."""
        self._commands = commands
        self._clock = clock
        self._most_users = most_users
        self._read: dict[str, tuple[bytes, StationBoard]] = {}  # by station: a board and its digest
        self.wholeness = Wholeness(commands)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, target: str, *, clock: Clock | None = None, most_users: int = MOST_USERS
    ) -> AsyncIterator[RedisLive]:
        """Live state in the Redis at `target`. It can be read after the first `replace_all` of any node."""
        async with open_redis(target, name="navswap-live") as client:
            yield cls(RedisCommands(client, *SCRIPTS), clock=clock, most_users=most_users)

    # -- boards

    async def put_board(self, board: StationBoard) -> None:
        await self._commands.all(self._put_board(board, wrong=None))

    async def board(self, station_id: str) -> StationBoard | None:
        """None also while Redis is known to have lost something: the caller turns to the records."""
        if not self.wholeness.whole:
            return None
        return self._board(station_id, await self._commands.one("HMGET", *_fields(station_id)))

    async def boards(self) -> list[StationBoard]:
        """Raises Unavailable from the moment that Redis has lost something until it is made again."""
        self.wholeness.require()
        index = await self._commands.one("HGETALL", INDEX)
        mark = index.pop(OF_INDEX.encode(), b"")
        for gone in self._read.keys() - {id.decode() for id in index}:
            del self._read[gone]
        return await self._listed(mark, index.items())

    async def boards_in(self, cells: Iterable[str]) -> list[StationBoard]:
        """Raises as `boards`."""
        self.wholeness.require()
        spans = chain.from_iterable(map(span, cells))
        mark, *found = await self._commands.one(*FIND_BOARDS.on_both(INDEX, PLACES, *spans))
        return await self._listed(mark, _pairs(found))

    async def count_boards(self) -> int:
        self.wholeness.require()
        return max(0, int(await self._commands.one("HLEN", INDEX)) - 1)  # one of them is the mark

    async def _listed(self, mark: bytes, index: Iterable[tuple[bytes, bytes]]) -> list[StationBoard]:
        """The boards of a part of the list; those that have changed are read anew."""
        if mark in (b"", b"pending"):
            raise self.wholeness.damaged()
        digests = {id.decode(): (*entry.split(b":"), b"")[1] for id, entry in index}
        known = {id: self._read[id][1] for id in digests if self._read.get(id, (b"",))[0] == digests[id]}
        known |= await self._fetch([id for id in digests if id not in known])
        return [known[id] for id in sorted(known)]

    async def _fetch(self, stations: list[str]) -> dict[str, StationBoard]:
        """These boards, read anew."""
        found = await self._commands.all([("HMGET", *_fields(id)) for id in stations])
        boards = {id: self._board(id, fields) for id, fields in zip(stations, found, strict=True)}
        if None in boards.values():
            raise self.wholeness.damaged()
        return {id: board for id, board in boards.items() if board is not None}

    def _board(self, station_id: str, fields: list[bytes | None]) -> StationBoard | None:
        digest, text = fields
        if digest is None or text is None:
            return None
        known = self._read.get(station_id)
        if known is None or known[0] != digest:
            try:
                known = self._read[station_id] = digest, StationBoard.model_validate_json(text)
            except ValidationError:  # another version of the hub has written it
                return None
        return known[1]

    def _put_board(self, board: StationBoard, *, wrong: int | None) -> list[Command]:
        """`wrong`: the version that is known not to be the records', if that is what is there."""
        text = board.model_dump_json().encode()
        digest = blake2b(text, digest_size=8).hexdigest()
        self._read[board.station_id] = digest.encode(), board
        stale = "" if wrong is None else wrong
        return [
            PUT_BOARD.on(f"queue:{board.station_id}", board.version, digest, text, stale),
            PUT_INDEX.on_both(INDEX, PLACES, board.station_id, board.version, digest, stale, board.cell),
        ]

    # -- positions and fences

    async def put_position(self, fix: GpsFix) -> bool:
        kept, beyond = await self._commands.all(self._put_position(fix, wrong=None))
        await self._forget(beyond)
        return bool(kept)

    async def position(self, user_id: str) -> GpsFix | None:
        """Raises Unavailable rather than answer none when Redis has lost something."""
        self.wholeness.require()
        text = await self._commands.one("HGET", f"location:{user_id}", "fix")
        if text is None:
            await self.wholeness.check()
        return _read_or_none(GpsFix, text)

    async def positions(self) -> list[GpsFix]:
        await self.wholeness.check()
        users = await self._commands.one("ZRANGE", LAST, 0, -1)
        texts = await self._commands.all([("HGET", f"location:{user.decode()}", "fix") for user in users])
        return [fix for text in texts if (fix := _read_or_none(GpsFix, text)) is not None]

    async def put_fences(self, user_id: str, track: FenceTrack) -> None:
        await self._commands.one(*PUT_FENCES.on(f"location:{user_id}", track.model_dump_json(), DAY_MS))

    async def fences(self, user_id: str) -> FenceTrack | None:
        return _read_or_none(FenceTrack, await self._commands.one("HGET", f"location:{user_id}", "fences"))

    def _put_position(self, fix: GpsFix, *, wrong: datetime | None) -> list[Command]:
        at = _us(fix.at)
        stale = "" if wrong is None else _us(wrong)
        oldest = at - DAY_MS * 1000
        return [
            PUT_POSITION.on(f"location:{fix.user_id}", at, fix.model_dump_json(), DAY_MS, stale),
            PUT_LAST.on(LAST, fix.user_id, at, oldest, self._most_users, DAY_MS),
        ]

    async def _forget(self, users: Iterable[bytes]) -> None:
        await self._commands.all([("UNLINK", f"location:{user_id.decode()}") for user_id in users])

    # -- forecasts

    async def put_forecast(self, forecast: KeptForecast, *, for_s: float) -> None:
        key, text = f"prediction:{forecast.model}:{forecast.id}", forecast.model_dump_json()
        await self._commands.one("SET", key, text, "PX", round(for_s * 1000))

    async def forecast(self, model: str, id: str) -> KeptForecast | None:
        return _read_or_none(KeptForecast, await self._commands.one("GET", f"prediction:{model}:{id}"))

    # -- limits

    async def allow(self, key: str, *, per_minute: int, per_hour: int) -> Allowance:
        now = "" if self._clock is None else _us(self._clock())
        wait_us = await self._commands.one(*ALLOW.on(f"rate:{key}", per_minute, per_hour, now))
        return Allowance(True) if wait_us == 0 else Allowance(False, wait_us / 1_000_000)

    # -- the rebuild

    async def mark(self) -> LiveMark:
        store = await self.wholeness.begin()
        index = await self._commands.one("HGETALL", INDEX)
        index.pop(OF_INDEX.encode(), None)
        last = await self._commands.one("ZRANGE", LAST, 0, -1, "WITHSCORES")
        return LiveMark(
            boards={id.decode(): int(entry.partition(b":")[0]) for id, entry in index.items()},
            positions={user.decode(): _EPOCH + int(at) * _US for user, at in _pairs(last)},
            store=store,
        )

    async def replace_all(
        self, boards: Iterable[StationBoard], positions: Iterable[GpsFix], *, since: LiveMark
    ) -> None:
        await self._replace_boards({board.station_id: board for board in boards}, since)
        await self._replace_positions({fix.user_id: fix for fix in positions}, since)
        await self.wholeness.seal(since.store)

    async def _replace_boards(self, boards: dict[str, StationBoard], since: LiveMark) -> None:
        steps: list[Command] = []
        for station_id, version in since.boards.items():
            if station_id not in boards:
                steps.append(FORGET_BOARD.on(f"queue:{station_id}", version))
                steps.append(FORGET_INDEX.on_both(INDEX, PLACES, station_id, version))
        for station_id, board in boards.items():
            steps += self._put_board(board, wrong=since.boards.get(station_id))
        await self._commands.all(steps)

    async def _replace_positions(self, fixes: dict[str, GpsFix], since: LiveMark) -> None:
        steps: list[Command] = []
        for user_id, at in since.positions.items():
            if user_id not in fixes:
                steps.append(FORGET_POSITION.on(f"location:{user_id}", _us(at)))
                steps.append(FORGET_LAST.on(LAST, user_id, _us(at)))
        await self._commands.all(steps)
        puts = [self._put_position(fix, wrong=since.positions.get(id)) for id, fix in fixes.items()]
        answers = await self._commands.all([*chain.from_iterable(puts)])
        await self._forget(chain.from_iterable(answers[1::2]))


def _fields(station_id: str) -> Command:
    """What is read of a board."""
    return (f"queue:{station_id}", "digest", "board")


def _us(at: datetime) -> int:
    """Microseconds since 1970: exact in a Lua number until the year 2255."""
    return (at - _EPOCH) // _US


def _pairs(flat: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Members and scores, as they come in turn."""
    return zip(flat[::2], flat[1::2], strict=True)


def _read_or_none(kind: type[_Kept], text: bytes | None) -> _Kept | None:
    """What was kept; none for nothing, and for what another version of the hub has written."""
    if text is None:
        return None
    try:
        return kind.model_validate_json(text)
    except ValidationError:
        return None
