"""`/docs`: the contract as a page to read; made from the code, loads nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

from hub.doors.asyncapi import TRANSIENT, about, facts, rooms_of
from hub.doors.clients import CLIENTS
from hub.operations import Operation, Registry
from services.errors import HubError
from services.events import Fact

STYLE: Final = """
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #333a42);
  --soft: light-dark(#59636e, #9aa4af);
  --back: light-dark(#fff, #14181c); --card: light-dark(#f6f8fa, #1c2127);
  --mark: light-dark(#0b6e4f, #4cc79a); }
body { margin: 0; background: var(--back); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 6rem; }
h1 { margin: 0 0 .25rem; font-size: 1.9rem; letter-spacing: -.02em; }
h2 { margin: 3rem 0 1rem; font-size: 1.2rem; border-bottom: 1px solid var(--line); padding-bottom: .4rem; }
p.lead, .soft { color: var(--soft); }
article { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1.1rem;
  margin: .75rem 0; }
h3 { margin: 0; font-size: 1rem; display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: baseline; }
code { font: .9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { margin: .5rem 0 0; overflow-x: auto; }
h3 .soft { font-weight: 400; font-size: .9em; }
h3 code:first-child { color: var(--mark); font-weight: 600; }
table { width: 100%; border-collapse: collapse; margin-top: .6rem; font-size: .92rem; }
td { padding: .3rem .8rem .3rem 0; border-top: 1px solid var(--line); vertical-align: top; }
td:first-child { width: 13rem; }
a { color: var(--mark); }
@media (max-width: 40rem) { td:first-child { width: 40%; } main { padding-top: 1.2rem; } }
"""
POLICY: Final = (
    "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
)


def render(registry: Registry) -> str:
    """The page as HTML."""
    domains: dict[str, list[Operation]] = {}
    for operation in registry:
        domains.setdefault(operation.event.partition(":")[0], []).append(operation)
    parts = [f"<h2>{escape(name)}</h2>{''.join(map(_operation, found))}" for name, found in domains.items()]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>NavSwap Hub: the contract</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style><main><h1>NavSwap Hub</h1>"
        '<p class="lead">Every operation works through both doors: as a Socket.IO event with an '
        "acknowledgement, and as a REST route. For machines: "
        '<a href="/openapi.json">openapi.json</a>, <a href="/asyncapi.json">asyncapi.json</a>.</p>'
        f"<h2>Connecting</h2>{''.join(_client(name, code) for name, code in CLIENTS.items())}"
        f"{''.join(parts)}<h2>Events that rooms hear</h2>{''.join(map(_event, facts()))}"
        f"<h2>Events that are no facts</h2>{_table(TRANSIENT)}"
        f"<h2>Error codes</h2>{_table(_codes())}</main></html>"
    )


def _client(name: str, code: str) -> str:
    return f"<article><h3>{escape(name)}</h3><pre><code>{escape(code)}</code></pre></article>"


def _prose(text: str) -> str:
    """Text in which `names` stand in backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _operation(operation: Operation) -> str:
    route = f"<code>{operation.rest[0]} {escape(operation.rest[1])}</code>" if operation.rest else ""
    roles = "anybody" if len(operation.roles) > 4 else ", ".join(sorted(operation.roles))
    schema = operation.request.model_json_schema()
    needed = schema.get("required", ())
    rows = {
        name if name in needed else f"{name} (optional)": _kind(field)
        for name, field in schema.get("properties", {}).items()
    }
    return (
        f"<article><h3><code>{escape(operation.event)}</code>{route}"
        f'<span class="soft">{escape(roles)}</span></h3><div>{_prose(operation.summary)}</div>'
        f"{_table(rows) if rows else ''}</article>"
    )


def _event(kind: type[Fact]) -> str:
    fields = ", ".join(name for name in kind.model_fields if name not in ("id", "at", "version"))
    log = f'<span class="soft">log: {escape(kind.type)}</span>' if kind.type else ""
    return (
        f"<article><h3><code>{escape(kind.name or '')}</code>{log}</h3>"
        f"<div>{_prose(about(kind))}</div>"
        f'<div class="soft">heard in <code>{escape(", ".join(rooms_of(kind)))}</code></div>'
        f'<div class="soft"><code>{escape(fields)}</code></div></article>'
    )


def _kind(field: dict[str, object]) -> str:
    options = field.get("anyOf")
    kinds = (
        [option for option in options if isinstance(option, dict)] if isinstance(options, list) else [field]
    )
    names = [str(kind.get("type") or str(kind.get("$ref", "any")).rpartition("/")[2]) for kind in kinds]
    text = " or ".join(name for name in names if name != "null")
    about = field.get("description")
    return f"{text}: {about}" if about else text


def _codes() -> dict[str, str]:
    return {kind.code.value: kind.message for kind in HubError.__subclasses__()}


def _table(rows: dict[str, str]) -> str:
    cells = (
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(about)}</td></tr>"
        for name, about in rows.items()
    )
    return f"<table>{''.join(cells)}</table>"
