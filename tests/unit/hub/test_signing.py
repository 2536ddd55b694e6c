"""QR tokens: the same for the same claims, and nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ids import SortableIds
from hub.signing import ItsDangerousSigner
from services.errors import TokenInvalid
from services.tokens import QrClaims

SIGNER = ItsDangerousSigner("a secret")
CLAIMS = QrClaims(
    entry_id="entry",
    user_id="consumer_001",
    station_id="station_001",
    nonce="n" * 24,
    issued_at=datetime(2026, 11, 24, 10, 0, 0, 123457, tzinfo=UTC),
)
ids = st.text("abcXYZ019_.:@-", min_size=1, max_size=64)


@given(ids, ids, ids, st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_is_signed_is_read_back(entry: str, user: str, station: str, at: datetime) -> None:
    claims = QrClaims(entry_id=entry, user_id=user, station_id=station, nonce="n", issued_at=at)
    token = SIGNER.sign(claims)

    assert SIGNER.read(token) == claims
    assert SIGNER.sign(claims) == token
    assert len(token) <= 1024


@given(st.data())
def test_any_change_of_a_token_makes_it_invalid(data: st.DataObject) -> None:
    token = SIGNER.sign(CLAIMS)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("Ab9-_.~ "))
    # The last letter of base64 carries spare bits: only what it stands for counts.
    changed = token[:at] + letter + token[at + 1 :]
    if changed == token or at == len(token) - 1:
        return
    with pytest.raises(TokenInvalid):
        SIGNER.read(changed)


@given(st.text(max_size=2000))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    with pytest.raises(TokenInvalid):
        SIGNER.read(text)


@pytest.mark.parametrize("cut", [0, 1, 10, -1, -10])
def test_a_cut_token_is_invalid(cut: int) -> None:
    with pytest.raises(TokenInvalid):
        SIGNER.read(SIGNER.sign(CLAIMS)[:cut])


def test_another_secret_signs_another_token() -> None:
    with pytest.raises(TokenInvalid):
        SIGNER.read(ItsDangerousSigner("another").sign(CLAIMS))


def test_ids_sort_by_their_making_even_when_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    make = SortableIds()
    made = [make() for _ in range(1000)]
    monkeypatch.setattr("hub.ids.uuid7", lambda: "00000000-0000-7000-8000-000000000000")
    made += [make() for _ in range(1000)]

    assert made == sorted(set(made))
    assert {len(id) for id in made} == {36}
