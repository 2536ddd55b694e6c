"""What holds for every event, whoever declares it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import services.network as _every_service  # noqa: F401 - with them come their events
from services.events import Fact


def kinds(base: type[Fact] = Fact) -> Iterator[type[Fact]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


@pytest.mark.parametrize("kind", dict.fromkeys(kinds()), ids=lambda kind: kind.__name__)
def test_an_event_has_its_own_fields_and_no_others(kind: type[Fact]) -> None:
    assert kind.model_config["extra"] == "forbid"
    assert kind.model_config["frozen"]
