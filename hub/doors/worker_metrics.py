"""`/metrics` where several workers share a port: a scrape reaches one, and gets the figures of all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

import aiohttp
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from hub.logs import logger

DEADLINE_S: Final = 2.0
ALONE: Final = "alone"  # the query with which workers ask each other

_log = logger("hub.metrics")


class WorkerMetrics:
    """Asks the others on their private ports, and labels every figure with its worker."""

    def __init__(self, number: int, others: Mapping[int, str]) -> None:
        """`others`: each one's private address, such as `http://127.0.0.1:9101`."""
        self._number = number
        self._others = others

    async def page(self, own: bytes) -> bytes:
        """One page of all; a worker that does not answer in time is missing from it."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(DEADLINE_S)) as http:
            answers = await asyncio.gather(*(_ask(http, url) for url in self._others.values()))
        pages = {self._number: own, **dict(zip(self._others, answers, strict=True))}
        registry = CollectorRegistry()
        registry.register(_Labelled({number: page for number, page in pages.items() if page is not None}))
        return generate_latest(registry)


async def _ask(http: aiohttp.ClientSession, url: str) -> bytes | None:
    try:
        async with http.get(f"{url}/metrics", params={ALONE: "1"}) as answer:
            answer.raise_for_status()
            return await answer.read()
    except (aiohttp.ClientError, TimeoutError):
        _log.warning("a worker does not tell its figures", address=url)
        return None


class _Labelled(Collector):
    def __init__(self, pages: Mapping[int, bytes]) -> None:
        self._pages = pages

    def collect(self) -> Iterator[Metric]:
        merged: dict[str, Metric] = {}
        for number, page in sorted(self._pages.items()):
            for family in text_string_to_metric_families(page.decode()):
                found = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    found.samples.append(sample._replace(labels={**sample.labels, "worker": str(number)}))
        yield from merged.values()
