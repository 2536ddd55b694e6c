"""A fresh network for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.services.cities import embedded_city
from tests.unit.services.city import City
from tests.unit.services.roads import Roads


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    async with embedded_city(tmp_path) as made:
        yield made


@pytest.fixture
def roads(city: City) -> Roads:
    return Roads(city)
