"""A real Kafka for the tests: the one of KAFKA_BOOTSTRAP_SERVERS, else Apache Kafka 3.9.1 of our own.

Its jars come from Maven once and are kept in the user's cache; it runs in KRaft mode, on loopback.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.processes import end_with_parent, free_port

POM = Path(__file__).with_name("pom.xml")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "navswap" / "kafka-3.9.1"
FETCH_S = 600.0
START_S = 60.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class NoKafka(Exception):
    """There is no Kafka here, and why."""


def jars() -> Path:
    """The directory of the broker's jars. Raises NoKafka."""
    for tool, package in (("java", "default-jre-headless"), ("mvn", "maven")):
        if shutil.which(tool) is None:
            raise NoKafka(f"no KAFKA_BOOTSTRAP_SERVERS, and no {tool} to run one: apt-get install {package}")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run of the tests may be at it
        if not (CACHE / "complete").exists():
            _fetch()
            (CACHE / "complete").touch()
    return CACHE / "jars"


def _fetch() -> None:
    found = subprocess.run(
        ["mvn", "-qBf", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={CACHE / 'jars'}"],
        capture_output=True,
        text=True,
        timeout=FETCH_S,
    )
    if found.returncode:
        raise NoKafka(f"Maven cannot fetch Kafka: {found.stdout[-300:]}")


@dataclass
class KafkaServer:
    """One broker in a process of its own, with more settings where a test needs them."""

    directory: Path
    settings: dict[str, str] = field(default_factory=dict)
    listeners: dict[str, str] = field(default_factory=lambda: {"PLAINTEXT": "PLAINTEXT"})
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def _log(self) -> Path:
        return self.directory / "broker.log"

    def _write_settings(self) -> Path:
        (name,) = self.listeners
        kinds = ",".join(f"{key}:{kind}" for key, kind in self.listeners.items())
        known = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"{name}://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": name,
            "listener.security.protocol.map": f"{kinds},CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.directory / "data"),
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            "broker.session.timeout.ms": "2000",  # after a kill the controller waits so long for the old one
            "broker.heartbeat.interval.ms": "250",
            **self.settings,
        }
        path = self.directory / "broker.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in known.items()))
        return path

    def _java(self, *arguments: str) -> list[str]:
        return ["java", "-Xmx512m", "-cp", str(jars() / "*"), *arguments]

    async def start(self) -> None:
        """Run it, on what it held when it ended, and wait until it serves."""
        self._launch()
        await asyncio.wait_for(self._ready(), START_S)

    def _launch(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self._write_settings()
        if not (self.directory / "data").exists():
            cluster = ("-t", uuid.uuid4().hex[:22], "-c", str(path))
            formatting = self._java("kafka.tools.StorageTool", "format", *cluster)
            subprocess.run(formatting, check=True, capture_output=True)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                self._java("kafka.Kafka", str(path)), stdout=log, stderr=log, preexec_fn=end_with_parent
            )

    async def _ready(self) -> None:
        """Its port is opened last, when the broker is one of its cluster."""
        assert self.process
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self.process.poll() is not None:
                    said = self._log.read_text(errors="replace")
                    raise RuntimeError(f"Kafka ended: {said[-2000:]}") from None
                # Nothing tells a process that another listens: ask again.
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP makes it silent, with its connections open; SIGCONT lets it go on."""
        assert self.process
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a crash does it, by its own id."""
        assert self.process
        self.process.kill()
        self.process.wait(START_S)


@contextmanager
def running_kafka(directory: Path) -> Iterator[KafkaServer]:
    """A broker of our own while the block runs. Raises NoKafka."""
    server = KafkaServer(directory)
    asyncio.run(server.start())
    try:
        yield server
    finally:
        server.kill()
