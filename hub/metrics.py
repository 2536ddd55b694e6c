"""Figures for Prometheus; label sets are small and closed, never an id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
NOW: Final = frozenset(("connections",))  # counters of the engine that can fall


class Metrics:
    """The counters of one hub, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.commands = 0  # operations answered since start
        self.events = 0  # events emitted to rooms since start
        self._seconds = Histogram(
            "hub_operation_seconds",
            "Time from an operation's arrival to its answer",
            ("operation",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._answers = Counter(
            "hub_operations_total",
            "Operations by their answer: `ok` or an error code",
            ("operation", "answer"),
            registry=self.registry,
        )
        self._events = Counter(
            "hub_events_total", "Events emitted to rooms, by name", ("event",), registry=self.registry
        )
        self._restarts = Counter(
            "hub_task_restarts_total", "Background tasks started again", ("task",), registry=self.registry
        )

        self._timers_late = Gauge(
            "hub_timers_late_seconds",
            "How long the timer that was fired last had been due; where timers are fired",
            registry=self.registry,
        )
        self._lag_records = Gauge(
            "hub_log_lag_records", "Committed facts that rooms have not heard yet", registry=self.registry
        )
        self._lag_seconds = Gauge(
            "hub_log_lag_seconds",
            "Age of the oldest fact that rooms have not heard yet",
            registry=self.registry,
        )

        self._relay_records = Gauge(
            "hub_kafka_lag_records",
            "Committed facts that the relay has not passed yet, by topic; where the relay runs",
            ("topic",),
            registry=self.registry,
        )
        self._relay_seconds = Gauge(
            "hub_kafka_lag_seconds",
            "Age of the oldest fact that the relay has not passed yet, by topic; where the relay runs",
            ("topic",),
            registry=self.registry,
        )
        self._published = Counter(
            "hub_kafka_published_total",
            "Facts that Kafka has taken, by topic",
            ("topic",),
            registry=self.registry,
        )
        self._telemetry = Counter(
            "hub_kafka_telemetry_total",
            "Telemetry that came by Kafka: `ok`, `replayed`, or the code that the dead letters carry",
            ("answer",),
            registry=self.registry,
        )

    def answered(self, operation: str, answer: str, seconds: float) -> None:
        """Count one answered operation."""
        self.commands += 1
        self._seconds.labels(operation).observe(seconds)
        self._answers.labels(operation, answer).inc()

    def emitted(self, event: str) -> None:
        self.events += 1
        self._events.labels(event).inc()

    def restarted(self, task: str) -> None:
        self._restarts.labels(task).inc()

    def lagging(self, records: int, age_s: float) -> None:
        """How far fan-out is behind the log."""
        self._lag_records.set(records)
        self._lag_seconds.set(age_s)

    def relay_lagging(self, topic: str, records: int, age_s: float) -> None:
        """How far the relay is behind the log in one topic."""
        self._relay_records.labels(topic).set(records)
        self._relay_seconds.labels(topic).set(age_s)

    def relay_stopped(self) -> None:
        """Another node may run the relay now: what it says counts."""
        self._relay_records.clear()
        self._relay_seconds.clear()

    def published(self, topic: str, records: int) -> None:
        self._published.labels(topic).inc(records)

    def telemetry_taken(self, answer: str) -> None:
        self._telemetry.labels(answer).inc()

    def watch(self, stats: Callable[[], Mapping[str, int]]) -> None:
        """Publish the engine's own counters."""
        self.registry.register(_EngineStats(stats))

    def watch_tasks(self, running: Callable[[], Mapping[str, bool]]) -> None:
        """Publish which background tasks run."""
        text = "1 while the background task of that name runs, 0 while it has failed and waits"
        self.registry.register(_Flags("hub_task_running", text, "task", running))

    def timers_late(self, seconds: float) -> None:
        """How long a timer that is fired now has been due."""
        self._timers_late.set(seconds)

    def watch_leases(self, held: Callable[[], Mapping[str, bool]]) -> None:
        """Publish which leases this node holds."""
        text = "1 where the work of that name is done on this node"
        self.registry.register(_Flags("hub_lease_held", text, "lease", held))

    def watch_models(self, answers: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        """Publish how often each model was asked, and whether a model or its heuristic has answered."""
        self.registry.register(_Predictions(answers))

    def page(self) -> bytes:
        """What a scrape gets."""
        return generate_latest(self.registry)


class _Flags(Collector):
    """A gauge of 0 or 1 for each name, asked when it is scraped."""

    def __init__(self, name: str, text: str, label: str, flags: Callable[[], Mapping[str, bool]]) -> None:
        self._name, self._text, self._label = name, text, label
        self._flags = flags

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._text, labels=(self._label,))
        for name, flag in self._flags().items():
            family.add_metric((name,), flag)
        yield family


class _Predictions(Collector):
    def __init__(self, answers: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        self._answers = answers

    def collect(self) -> Iterator[CounterMetricFamily]:
        text = "Answers of each model, by who gave them: `model` or `heuristic`"
        family = CounterMetricFamily("hub_predictions", text, labels=("model", "source"))
        for labels, count in self._answers().items():
            family.add_metric(labels, count)
        yield family


class _EngineStats(Collector):
    def __init__(self, stats: Callable[[], Mapping[str, int]]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        for name, value in self._stats().items():
            family = GaugeMetricFamily if name in NOW else CounterMetricFamily
            yield family(f"hub_engine_{name}", f"The engine's counter `{name}`", value=value)
