"""The newest records of the log in memory, so that a reader in step needs no query."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from services.ports import LogRecord

MOST_RECORDS: Final = 8192
MOST_BYTES: Final = 16 * 1024 * 1024  # of payloads


class Tail:
    """Records with successive numbers, bounded by count and bytes."""

    def __init__(self, *, most_records: int = MOST_RECORDS, most_bytes: int = MOST_BYTES) -> None:
        self._most_records = most_records
        self._most_bytes = most_bytes
        self._records: deque[LogRecord] = deque()
        self._bytes = 0

    def extend(self, records: Sequence[LogRecord]) -> None:
        """Add the newest. A gap before them (another process has written) makes the older ones useless."""
        if self._records and records and records[0].seq != self._records[-1].seq + 1:
            self._records.clear()
            self._bytes = 0
        self._records.extend(records)
        self._bytes += sum(len(record.payload) for record in records)
        while len(self._records) > self._most_records or self._bytes > self._most_bytes:
            self._bytes -= len(self._records.popleft().payload)

    def after(self, seq: int, limit: int) -> list[LogRecord] | None:
        """The records that follow that number; none when they reach back further than this memory."""
        if not self._records or self._records[0].seq > seq + 1:
            return None
        start = seq + 1 - self._records[0].seq
        return [self._records[index] for index in range(start, min(start + limit, len(self._records)))]
