"""Has the machine what a hub needs: the native engine, packages, ports, disk, descriptors?"""

from __future__ import annotations

import errno
import platform
import re
import resource
import shutil
import socket
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import aiohttp

import hub
from hub.config import Settings
from hub.doctor.finding import Finding, fail, ok, warn
from hub.engine.native import EngineUnavailable, load

OLDEST_PYTHON: Final = (3, 11)
LITTLE_DISK: Final = 1 << 30  # bytes free; below, a backup or a busy week may fill it
NO_DISK: Final = 100 << 20
FEW_DESCRIPTORS: Final = 4096  # one per client, and some hundred
ASK_S: Final = 3.0
LOCK: Final = "requirements.lock"

_PINNED: Final = re.compile(r"^([\w.-]+)==([^\s;\\]+)\s*(;)?", re.MULTILINE)


async def python_is_supported(_settings: Settings) -> list[Finding]:
    found = f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        return [fail("python", found, "3.11 or later is needed")]
    return [ok("python", found)]


async def engine_loads(settings: Settings) -> list[Finding]:
    """socketify's library and libuv."""
    if settings.engine == "aiohttp":
        return [warn("engine", "python-socketio's, by ENGINE=aiohttp", "ENGINE=auto is many times faster")]
    try:
        load()
    except EngineUnavailable as error:
        state = fail if settings.engine == "uws" else warn
        return [state("engine", str(error), "apt-get install libuv1; without it a slower engine serves")]
    return [ok("engine", "uWebSockets and libuv load")]


async def packages_are_locked_ones(_settings: Settings) -> list[Finding]:
    """What was tested is what the lock names."""
    lock = lock_file()
    if lock is None:
        return [warn("packages", f"no {LOCK} beside the code", "install from the repository or the image")]
    different = list(differing(lock.read_text()))
    if different:
        advice = f"pip install --require-hashes -r {LOCK}"
        return [warn("packages", f"not as tested: {', '.join(different)}", advice)]
    return [ok("packages", f"as {lock.name} has them")]


def lock_file() -> Path | None:
    """Of a checkout beside the packages, of an image in its environment."""
    places = (Path(hub.__file__).parents[1], Path(sys.prefix))
    return next((place / LOCK for place in places if (place / LOCK).exists()), None)


def differing(lock: str) -> Iterator[str]:
    """Packages that are installed in another version than the lock's, or not at all.

    One with a condition behind it may be missing here, and may be named once per condition.
    """
    wanted: dict[str, set[str]] = {}
    conditional: set[str] = set()
    for name, pinned, condition in _PINNED.findall(lock):
        wanted.setdefault(name, set()).add(pinned)
        if condition:
            conditional.add(name)
    for name, pins in wanted.items():
        try:
            if version(name) not in pins:
                yield f"{name} {version(name)} for {' or '.join(sorted(pins))}"
        except PackageNotFoundError:
            if name not in conditional:
                yield f"{name} is missing"


async def ports_are_free_or_ours(settings: Settings) -> list[Finding]:
    rest = await _port(settings, "REST_PORT", settings.rest_port, "/healthz", '"status"')
    hub_door = await _port(
        settings, "HUB_PORT", settings.hub_port, "/socket.io/?EIO=4&transport=polling", '"sid"'
    )
    return [hub_door, rest]


async def _port(settings: Settings, name: str, port: int, path: str, sign: str) -> Finding:
    """Free, or answered by what looks like a hub."""
    label = f"port {name}"
    try:
        _bind(settings.hub_host, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return fail(label, f"{settings.hub_host}:{port}: {error.strerror}", f"change HUB_HOST or {name}")
    else:
        return ok(label, f"{port} is free")
    if sign in await _ask(settings.hub_host, port, path):
        return ok(label, f"{port} is a running hub's")
    return fail(label, f"{port} is another program's", f"end that, or change {name}")


def _bind(host: str, port: int) -> None:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


async def _ask(host: str, port: int, path: str) -> str:
    """What answers there; nothing when it is not HTTP."""
    reached = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ASK_S)) as http,
            http.get(f"http://{reached}:{port}{path}") as answer,
        ):
            return (await answer.content.read(4096)).decode(errors="replace")
    except (aiohttp.ClientError, TimeoutError):
        return ""


async def disk_has_room(settings: Settings) -> list[Finding]:
    """Where DATA_DIR is, or will be."""
    place = settings.data_dir.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    found = f"{free / (1 << 30):.1f} GiB free at {place}"
    if free < NO_DISK:
        return [fail("disk", found, "make room: commands answer `unavailable` when it is full")]
    if free < LITTLE_DISK:
        return [warn("disk", found, "make room before it is needed")]
    return [ok("disk", found)]


async def descriptors_suffice(_settings: Settings) -> list[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FEW_DESCRIPTORS:
        advice = "ulimit -n 65536, or LimitNOFILE= of the service: each client takes one"
        return [warn("descriptors", f"{soft} open files at most (hard limit {hard})", advice)]
    return [ok("descriptors", f"{soft} open files at most")]
