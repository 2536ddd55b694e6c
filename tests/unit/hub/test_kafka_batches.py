"""Batches for Kafka: every record once, a key in one partition, a partition in its order."""

from __future__ import annotations

from collections import defaultdict

from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from hub.stores.kafka_publisher import rounds
from services.ports import LogRecord
from tests.contract.documents import NOON

FEW_BYTES = 700  # of a batch, so that several are needed


class Written(BatchBuilder):  # type: ignore[misc]  # it has no types
    """Also tells what it holds."""

    def __init__(self) -> None:
        super().__init__(FEW_BYTES, 0)
        self.records: list[tuple[str, int]] = []

    def append(self, **fields: object) -> object:
        taken = super().append(**fields)
        if taken is not None:
            self.records.append((fields["key"].decode(), int(fields["value"])))  # type: ignore[attr-defined, call-overload]
        return taken


def record(seq: int, key: str) -> LogRecord:
    return LogRecord(seq, str(seq), None, (), "swap.started", "swap_events", key, NOON, b"%0200d" % seq)


@given(
    st.lists(st.sampled_from([f"station_{number}" for number in range(9)]), max_size=80), st.integers(1, 5)
)
def test_rounds_keep_the_order_of_each_key(keys: list[str], partitions: int) -> None:
    records = [record(seq, key) for seq, key in enumerate(keys)]

    made = rounds(records, range(partitions), Written)

    seen: defaultdict[str, list[int]] = defaultdict(list)
    places: defaultdict[str, set[int]] = defaultdict(set)
    for batches in made:
        assert set(batches) <= set(range(partitions))
        for partition, batch in batches.items():
            for key, seq in batch.records:
                seen[key].append(seq)
                places[key].add(partition)
    assert seen == {key: [one.seq for one in records if one.key == key] for key in set(keys)}
    assert all(len(found) == 1 for found in places.values())


def test_record_larger_than_a_batch_is_sent_alone() -> None:
    large = LogRecord(1, "1", None, (), "t", "swap_events", "k", NOON, b"9" * 4 * FEW_BYTES)

    first, second, third = rounds([record(0, "k"), large, record(2, "k")], [0], Written)

    assert [len(batches[0].records) for batches in (first, second, third)] == [1, 1, 1]
