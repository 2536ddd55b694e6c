"""The atomic steps: one Lua script each, in `lua/`. Each file says its keys, arguments and answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the name Redis knows it by."""

    name: str
    text: str
    sha: str


def _read(name: str) -> Script:
    text = resources.files("hub.engine.cluster").joinpath("lua", f"{name}.lua").read_text()
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


EMIT = _read("emit")
REPLAY = _read("replay")
POSITION = _read("position")
TELL = _read("tell")
FIND = _read("find")
STORE = _read("store")
CLAIM = _read("claim")
KEEP = _read("keep")
FORGET = _read("forget")
FIGURES = _read("figures")
ALL = (EMIT, REPLAY, POSITION, TELL, FIND, STORE, CLAIM, KEEP, FORGET, FIGURES)
