"""`/docs`: the contract as a page to read; made from the code, loads nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Any, Final

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
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--back); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; padding: 2rem 1.5rem 6rem; }
h1 { margin: 0 0 .25rem; font-size: 1.9rem; letter-spacing: -.02em; }
h2 { margin: 3rem 0 1rem; font-size: 1.2rem; border-bottom: 1px solid var(--line); padding-bottom: .4rem; }
p.lead, .soft { color: var(--soft); }
article, details { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: .9rem 1.1rem; margin: .75rem 0; }
:target { border-color: var(--mark); box-shadow: 0 0 0 1px var(--mark); }
h2:target { box-shadow: 0 1px 0 var(--mark); }
h3 { margin: 0; font-size: 1rem; display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: baseline; }
summary { font-weight: 600; cursor: pointer; }
code { font: .9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { margin: .5rem 0 0; overflow-x: auto; }
h3 .soft { font-weight: 400; font-size: .9em; }
h3 a:first-child { color: var(--mark); font-weight: 600; text-decoration: none; }
h3 a:first-child:hover { text-decoration: underline; }
table { width: 100%; border-collapse: collapse; margin-top: .6rem; font-size: .92rem; }
td { padding: .3rem .8rem .3rem 0; border-top: 1px solid var(--line); vertical-align: top; }
td:first-child { width: 13rem; }
td:last-child { overflow-wrap: anywhere; }
a { color: var(--mark); }
nav { padding: 1.5rem; font-size: .92rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav > ul { display: flex; flex-wrap: wrap; gap: .4rem; }
nav ul ul { display: none; }
nav a { color: inherit; text-decoration: none; }
nav a:hover { color: var(--mark); }
nav > ul > li > a { display: block; padding: .45rem .8rem; border: 1px solid var(--line);
  border-radius: 99px; }
@media (min-width: 64rem) {
  body { display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; box-sizing: border-box; height: 100vh; overflow-y: auto;
    border-right: 1px solid var(--line); }
  nav > ul { display: block; }
  nav ul ul { display: block; margin: 0 0 .9rem; }
  nav > ul > li > a { padding: .2rem 0; border: 0; font-weight: 600; }
  nav ul ul a { display: block; padding: .08rem 0 .08rem .8rem; border-left: 1px solid var(--line);
    color: var(--soft); overflow-wrap: anywhere; }
  main { padding-inline: 3rem; }
}
@media (max-width: 40rem) {
  nav { padding: 1rem 1rem 0; } main { padding: 1.2rem 1rem 4rem; } td:first-child { width: 40%; }
}
"""
HEARD: Final = "Events that rooms hear"
POLICY: Final = (
    "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
)


def render(registry: Registry) -> str:
    """The page as HTML."""
    domains: dict[str, list[Operation]] = {}
    for operation in registry:
        domains.setdefault(operation.event.partition(":")[0], []).append(operation)
    parts = [_section(name, "".join(map(_operation, found))) for name, found in domains.items()]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>NavSwap Hub: the contract</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style>{_contents(domains)}<main><h1>NavSwap Hub</h1>"
        f'<p class="lead">{sum(map(len, domains.values()))} operations, each through both doors: as a '
        "Socket.IO event with an acknowledgement, and as a REST route. For machines: "
        '<a href="/openapi.json">openapi.json</a>, <a href="/asyncapi.json">asyncapi.json</a>. '
        'The network, live: <a href="/">dashboard</a>.</p>'
        f"{_section('Connecting', ''.join(_client(name, code) for name, code in CLIENTS.items()))}"
        f"{''.join(parts)}{_section(HEARD, ''.join(map(_event, facts())))}"
        f"{_section('Events that are no facts', _table(TRANSIENT))}"
        f"{_section('Error codes', _table(_codes()))}</main></html>"
    )


def _section(name: str, content: str) -> str:
    return f'<h2 id="{_chapter(name)}">{escape(name)}</h2>{content}'


def _chapter(name: str) -> str:
    """A section's id; that of an operation is its name."""
    return escape(f"section/{name.lower().replace(' ', '-')}")


def _told(name: str) -> str:
    """An event's id: a question may have the name of its answer."""
    return escape(f"event/{name}")


def _contents(domains: dict[str, list[Operation]]) -> str:
    """Every section, and on a wide page what is in it."""
    sections = {
        "Connecting": "",
        **{name: _links({one.event: escape(one.event) for one in found}) for name, found in domains.items()},
        HEARD: _links({kind.name or "": _told(kind.name or "") for kind in facts()}),
        "Events that are no facts": "",
        "Error codes": "",
    }
    rows = (f"<li>{_link(name, _chapter(name))}{inside}</li>" for name, inside in sections.items())
    return f'<nav aria-label="Contents"><ul>{"".join(rows)}</ul></nav>'


def _link(name: str, id: str) -> str:
    return f'<a href="#{id}">{escape(name)}</a>'


def _links(ids: dict[str, str]) -> str:
    return f"<ul>{''.join(f'<li>{_link(name, id)}</li>' for name, id in ids.items())}</ul>"


def _client(name: str, code: str) -> str:
    return f"<details><summary>{escape(name)}</summary><pre><code>{escape(code)}</code></pre></details>"


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
    id = escape(operation.event)
    return (
        f'<article id="{id}"><h3>{_title(operation.event, id)}{route}'
        f'<span class="soft">{escape(roles)}</span></h3><div>{_prose(operation.summary)}</div>'
        f"{_table(rows) if rows else ''}{_answer(operation)}</article>"
    )


def _title(name: str, id: str) -> str:
    return f'<a href="#{id}"><code>{escape(name)}</code></a>'


def _answer(operation: Operation) -> str:
    """The fields of the answer, by name; what is in them is in the machines' documents."""
    schema = operation.answer.json_schema(mode="serialization")
    fields = ", ".join(_fields(schema, schema.get("$defs", {})))
    return f'<div class="soft">answers <code>{escape(fields)}</code></div>' if fields else ""


def _fields(schema: dict[str, Any], defined: dict[str, Any]) -> list[str]:
    """Of an object, or of the first object among several kinds of answer."""
    if "$ref" in schema:
        return _fields(defined[schema["$ref"].rpartition("/")[2]], defined)
    found = (_fields(kind, defined) for kind in schema.get("anyOf", ()))
    return list(schema.get("properties", ())) or next(filter(None, found), [])


def _event(kind: type[Fact]) -> str:
    fields = ", ".join(name for name in kind.model_fields if name not in ("id", "at", "version"))
    log = f'<span class="soft">log: {escape(kind.type)}</span>' if kind.type else ""
    name = kind.name or ""
    return (
        f'<article id="{_told(name)}"><h3>{_title(name, _told(name))}{log}</h3>'
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
