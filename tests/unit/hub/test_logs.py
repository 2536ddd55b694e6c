"""No token and no secret reaches a log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from hub import logs
from hub.logs import configure, logger, scrub

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    handlers, level = logging.root.handlers, logging.root.level
    yield
    logging.root.handlers, logging.root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {JWT}",
        f"GET /qr/generate-image/{JWT}",
        "GET /qr/generate-image/WyJhIl0.sig?size=3",
        f"http://hub/#link={JWT}",
        f'{{"token": "{JWT}"}}',
    ],
)
def test_tokens_are_blotted_out_of_any_text(text: str) -> None:
    assert JWT not in scrub(text)
    assert "sig" not in scrub(text)
    assert "***" in scrub(text)


def test_both_kinds_of_loggers_write_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")

    logger("hub.test").info("it happened", station_id="s1", token="secret-thing", note=f"Bearer {JWT}")
    logging.getLogger("library").warning("careful with %s", JWT)
    logging.getLogger("library").debug("not this")
    try:
        raise ValueError(JWT)
    except ValueError:
        logger("hub.test").exception("it failed")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["it happened", "careful with ***", "it failed"]
    assert (lines[0]["level"], lines[0]["logger"], lines[0]["station_id"]) == ("info", "hub.test", "s1")
    assert "ValueError" in lines[2]["exception"]
    assert JWT not in str(lines)
    assert "secret-thing" not in str(lines)


def test_library_that_repeats_itself_is_heard_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    seldom = logs.Seldom("aiokafka", 60)

    def heard(name: str, text: str) -> bool:
        return seldom.filter(logging.LogRecord(name, logging.ERROR, "", 0, text, (), None))

    assert heard("aiokafka.conn", "Unable connect to %s")
    assert not heard("aiokafka", "Unable connect to %s")
    assert heard("aiokafka", "Something else")
    assert all(heard("hub.kafka", "Unable connect to %s") for _ in range(3))
    now = 60.0
    assert heard("aiokafka", "Unable connect to %s")
