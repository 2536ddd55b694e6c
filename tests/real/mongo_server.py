"""A real server that speaks MongoDB's protocol: `mongod`, or SecantusDB of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import pymongo
import pytest
from pymongo.errors import OperationFailure, PyMongoError

from tests.support.processes import OwnProcess, end_with_parent, free_port

READY_S: Final = 30.0
EMPTY_S: Final = 5.0
SECANTUS: Final = Path(sys.executable).with_name("secantusd-py")


class MongoServer(OwnProcess):
    """A server on a port and in a folder of its own, to be killed and started again."""

    def __init__(self, folder: Path, *, replicated: bool = True) -> None:
        self.port = free_port()
        self._folder = folder
        self._replicated = replicated

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def _command(self) -> list[str]:
        where = ["--port", str(self.port)]
        if binary := os.environ.get("MONGOD_BINARY"):
            own = ["--dbpath", str(self._folder), "--bind_ip", "127.0.0.1"]
            own += ["--setParameter", "enableTestCommands=1"]
            return [binary, *where, *own, *(["--replSet", "tests"] if self._replicated else [])]
        if not SECANTUS.exists():
            pytest.skip("no MONGODB_URI, no MONGOD_BINARY, and SecantusDB has no wheel for this machine")
        own = ["--host", "127.0.0.1", "--storage-path", str(self._folder), "--sync-on-commit"]
        more = ["--enable-test-commands"] if self._replicated else ["--standalone"]
        return [str(SECANTUS), *where, *own, *more]

    def start(self) -> Self:
        """Returns when it takes writes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = self._command()
        with (self._folder.parent / f"{self._folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=end_with_parent)
        deadline = time.monotonic() + READY_S
        while not self._answers():
            assert self._process.poll() is None, f"ended: {' '.join(command)}"
            assert time.monotonic() < deadline, f"not ready: {' '.join(command)}"
            time.sleep(0.05)  # nothing tells a process that another listens: ask again
        return self

    def _answers(self) -> bool:
        try:
            with client_of(self.uri) as client:
                if self._replicated and os.environ.get("MONGOD_BINARY"):
                    _initiate(client, self.port)
                hello = client.admin.command("hello")
            return bool(hello.get("isWritablePrimary"))
        except PyMongoError:
            return False


def client_of(uri: str) -> Any:
    return pymongo.MongoClient(uri, serverSelectionTimeoutMS=1000, tz_aware=True)


def _initiate(client: Any, port: int) -> None:
    try:
        client.admin.command(
            "replSetInitiate", {"_id": "tests", "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}]}
        )
    except OperationFailure as error:
        if error.code != 23:  # it is one already
            raise


@contextmanager
def running_mongo(folder: Path) -> Iterator[MongoServer]:
    """A server of one's own while the block runs."""
    server = MongoServer(folder)
    try:
        yield server.start()
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


class MongoDatabases:
    """One server for the whole session, an empty database for each test.

    A database that a test has done with is emptied for the next one: to make thirty indexes takes half a
    second.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._names = (f"navswap_test_{os.getpid()}_{number}" for number in count(1))
        self._all: list[str] = []
        self._free: list[str] = []

    @contextmanager
    def one(self) -> Iterator[str]:
        """The URI of an empty database, while the block runs."""
        name = self._free.pop() if self._free else self._new(next(self._names))
        try:
            yield in_database(self._uri, name)
        finally:
            if self._emptied(name):
                self._free.append(name)

    def _new(self, name: str) -> str:
        self._all.append(name)
        return name

    def _emptied(self, name: str) -> bool:
        """False when a transaction of a hub that was killed still holds documents: not used again."""
        try:
            with client_of(self._uri) as client, pymongo.timeout(EMPTY_S):
                for collection in client[name].list_collection_names():
                    client[name][collection].delete_many({"_id": {"$ne": "schema"}})
        except PyMongoError:
            return False
        return True

    def drop_all(self) -> None:
        with client_of(self._uri) as client:
            for name in self._all:
                client.drop_database(name)


def in_database(uri: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(path=f"/{name}"))
