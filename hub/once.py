"""Once only: the first answer to a request id is kept with what it did, and given again for a day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import orjson

from hub.operations import Operation
from hub.outcome import Outcome, Refusal
from services.answers import Image
from services.base import Clock, Model
from services.errors import Conflict, DuplicateKey, ErrorCode, HubError
from services.ports import Records, Transaction
from services.tokens import QrSigner
from services.upkeep_models import KeptAnswer

KEEP: Final = timedelta(hours=24)
NOT_KEPT: Final = frozenset((ErrorCode.UNAVAILABLE, ErrorCode.RATE_LIMITED, ErrorCode.INTERNAL))


@dataclass(frozen=True, slots=True)
class Ticket:
    """What identifies a call for its replay, and what it must have asked for."""

    key: str
    payload_hash: str


def ticket(
    caller: str, operation: Operation, request_id: str, body: Model, on_behalf_of: str | None
) -> Ticket:
    """The same caller, operation and id is the same call; another payload with it is a conflict."""
    asked = f"{on_behalf_of or ''}\n{body.model_dump_json()}".encode()
    return Ticket(f"{caller}|{operation.event}|{request_id}", sha256(asked).hexdigest())


def as_data(operation: Operation, answer: Any) -> Any:
    """An answer in JSON's types; a picture keeps its bytes."""
    if isinstance(answer, Image):
        return {"content_type": answer.content_type, "image": answer.image}
    return operation.answer.dump_python(answer, mode="json")


class Keeper:
    """Keeps answers in the records and finds them again."""

    def __init__(
        self, records: Records, signer: QrSigner, clock: Clock, *, keeps_refusals: bool = True
    ) -> None:
        """`keeps_refusals`: false where the same is sent again when the reason is gone, under the same id."""
        self._records = records
        self._signer = signer
        self._clock = clock
        self._keeps_refusals = keeps_refusals
        self._running: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def alone(self, key: str) -> AsyncIterator[None]:
        """A duplicate that arrives meanwhile waits here until the first run is done."""
        lock, users = self._running.get(key, (asyncio.Lock(), 0))
        self._running[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._running.pop(key)
            if users > 1:
                self._running[key] = (lock, users - 1)

    async def find(self, operation: Operation, asked: Ticket) -> Outcome | None:
        """The kept answer. Raises Conflict when the id came with another payload."""
        kept = await self._records.now.kept_answers.get(asked.key)
        if kept is None or kept.expires_at <= self._clock():
            return None
        if kept.payload_hash != asked.payload_hash:
            raise Conflict(reason="this request id came with another payload")
        return self._restore(operation, kept.answer)

    def _restore(self, operation: Operation, text: str) -> Outcome:
        kept = orjson.loads(text)
        if "error" in kept:
            error = kept["error"]
            refusal = Refusal(ErrorCode(error["code"]), error["message"], error.get("details"))
            return Outcome(refusal=refusal, replayed=True)
        answer = operation.answer.validate_python(kept["data"], context={"signer": self._signer})
        return Outcome(as_data(operation, answer), replayed=True)

    async def keep(self, tx: Transaction, operation: Operation, asked: Ticket, answer: Any) -> None:
        """Keep an answer in the transaction of the command; tokens in it only as their claims."""
        kept = operation.answer.dump_python(answer, mode="json", context={"keep": True})
        await self._insert(tx, asked, {"data": kept})

    async def keep_refusal(self, asked: Ticket, error: HubError) -> None:
        """Keep a refusal on its own: what it refused has been undone. Another node may have been first."""
        if not self._keeps_refusals or error.code in NOT_KEPT:
            return
        try:
            async with self._records.transaction() as tx:
                await self._insert(tx, asked, {"error": Refusal.of(error).as_dict()})
        except DuplicateKey:
            return

    async def _insert(self, tx: Transaction, asked: Ticket, kept: dict[str, Any]) -> None:
        now = self._clock()
        present = await tx.kept_answers.get(asked.key)
        if present is not None and present.expires_at <= now:
            await tx.kept_answers.delete(asked.key)
        await tx.kept_answers.insert(
            KeptAnswer(
                id=asked.key,
                payload_hash=asked.payload_hash,
                answer=orjson.dumps(kept).decode(),
                at=now,
                expires_at=now + KEEP,
            )
        )
