"""Fixtures for every test that talks to a hub."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.real.kafka_fixtures import kafka_address, own_kafka
from tests.real.mongo_fixtures import mongo_databases, mongo_server, mongo_uri
from tests.real.redis_fixtures import (
    redis_cluster,
    redis_cluster_url,
    redis_databases,
    redis_server,
    redis_url,
)
from tests.support.hub import RunningHub, running
from tests.support.stores import KIND, STORES

__all__ = [
    "kafka_address",
    "mongo_databases",
    "mongo_server",
    "mongo_uri",
    "own_kafka",
    "redis_cluster",
    "redis_cluster_url",
    "redis_databases",
    "redis_server",
    "redis_url",
]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With real stores, what is about the embedded ones alone is left out: it runs without TEST_STORES."""
    if KIND != "embedded":
        left_out = [item for item in items if item.get_closest_marker("embedded")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def real_servers(request: pytest.FixtureRequest) -> None:
    """The servers of TEST_STORES, started once."""
    if KIND in ("mongo", "real"):
        STORES.mongo = request.getfixturevalue("mongo_databases")
    if KIND == "real":
        STORES.redis = request.getfixturevalue("redis_databases")
        STORES.kafka = request.getfixturevalue("kafka_address")


@pytest.fixture(autouse=True)
def stores_of_one_test(real_servers: None) -> Iterator[None]:
    with STORES.for_one_test():
        yield


MakeHub = Callable[..., AbstractAsyncContextManager[RunningHub]]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """A running hub without limits on calls, empty, on free ports."""
    async with running(tmp_path / "data") as hub:
        yield hub


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_hub(
    tmp_path_factory: pytest.TempPathFactory, real_servers: None
) -> AsyncIterator[RunningHub]:
    """As `hub`, one for all tests of a file: for those that change nothing but what they have made."""
    with STORES.for_one_test():
        async with running(tmp_path_factory.mktemp("shared")) as hub:
            yield hub


@pytest.fixture
async def make_hub(tmp_path: Path) -> AsyncIterator[Any]:
    """Starts a hub with settings of its own: `await make_hub(rate_limit_per_minute=3)`."""
    numbers = count(1)
    async with AsyncExitStack() as stack:

        async def make(**settings: Any) -> RunningHub:
            data_dir = settings.pop("data_dir", tmp_path / f"data{next(numbers)}")
            return await stack.enter_async_context(running(data_dir, **settings))

        yield make
