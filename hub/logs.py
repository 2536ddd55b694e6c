"""Logs: a line for a person or an object for a machine, to stderr; never a token or a secret in one."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any, Final, Literal

import structlog

MASK: Final = "***"
SELDOM_S: Final = 60.0
_SECRET_KEY: Final = re.compile(r"token|secret|authorization|password|link|nonce", re.IGNORECASE)
_JWT: Final = re.compile(r"eyJ[\w-]{6,}\.[\w-]+\.[\w-]*")
_BEARER: Final = re.compile(r"(?i)(bearer\s+)\S+")
_IN_URL: Final = re.compile(r"(generate-image/|[?&#](?:token|link)=)[^\s\"'&]+")

_SHARED: Final[list[structlog.typing.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one part of the hub: an event, and its fields by name."""
    made: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return made


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Send all logs, our own and the libraries', to stderr in one form."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask,
                _renderer(form),
            ],
        )
    )
    handler.addFilter(Seldom("aiokafka", SELDOM_S))
    logging.root.handlers = [handler]
    logging.root.setLevel(level.upper())
    for chatty in ("asyncio", "engineio", "socketio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.root.level))


def _renderer(form: Literal["text", "json"]) -> structlog.typing.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


class Seldom(logging.Filter):
    """Lets each message of one library through once in a while: ten a second during an outage are none."""

    def __init__(self, library: str, every_s: float) -> None:
        super().__init__()
        self._library = library
        self._every_s = every_s
        self._said_at: dict[str, float] = {}  # by the message's template: a closed set

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] != self._library:
            return True
        text, now = str(record.msg), time.monotonic()
        if now - self._said_at.get(text, -self._every_s) < self._every_s:
            return False
        self._said_at[text] = now
        return True


def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blot out fields that are secrets by their name, and tokens in any text, tracebacks too."""
    for key, value in event.items():
        if _SECRET_KEY.search(key):
            event[key] = MASK
        elif isinstance(value, str):
            event[key] = scrub(value)
    return event


def scrub(text: str) -> str:
    """Text without the tokens in it."""
    return _IN_URL.sub(rf"\1{MASK}", _BEARER.sub(rf"\1{MASK}", _JWT.sub(MASK, text)))
