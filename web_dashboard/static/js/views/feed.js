// @ts-check
import { KINDS } from "../model/feed.js";
import { clock, count } from "../model/format.js";
import { useStore } from "../ui/hooks.js";
import { html, useRef, useState } from "../ui/html.js";
import { Icon } from "../ui/icons.js";

/** @typedef {import("../model/types.js").FeedRow} FeedRow @typedef {import("../model/types.js").FeedKind} FeedKind */

const PAGE = 60; // rows in the page; more come with scrolling, up to what the log keeps
const LOUD = /** @type {FeedKind[]} */ (KINDS.map(({ kind }) => kind).filter((kind) => kind !== "packs"));

/** What happens, in sentences. @param {{app: import("../app.js").App}} props */
export function Feed({ app }) {
  useStore(app.store, ["feed"], 250);
  const { feed } = app.store;
  const [kinds, setKinds] = useState(() => new Set(LOUD));
  const [held, setHeld] = useState(/** @type {import("../model/feed.js").FeedLog | null} */ (null));
  const [most, setMost] = useState(PAGE);
  const rows = (held ?? feed).pick(kinds, most);
  const missed = held ? feed.total - held.total : 0;
  const pause = () => setHeld(held ? null : feed.still());
  /** @param {FeedKind} kind */
  const toggle = (kind) => {
    const next = new Set(kinds);
    if (!next.delete(kind)) next.add(kind);
    setKinds(next);
  };
  return html`<section class="feed" aria-label="Events">
    <div class="section-head">
      <h2>Events</h2>
      <span class="muted">${missed ? `${count(missed)} new` : held ? "paused" : ""}</span>
      <button class="chip push" type="button" aria-pressed=${held !== null} onClick=${pause}>
        <${Icon} name=${held ? "play" : "pause"} />${held ? "Resume" : "Pause"}
      </button>
    </div>
    <div class="chips" role="group" aria-label="Kinds of events">
      ${KINDS.map(
        ({
          kind,
          label,
        }) => html`<button key=${kind} class="chip" type="button" aria-pressed=${kinds.has(kind)} onClick=${() => toggle(kind)}>
          <i class=${`kind is-${kind}`} aria-hidden="true"></i>${label}
        </button>`,
      )}
    </div>
    <${Rows} rows=${rows} app=${app} more=${() => setMost(most + PAGE)} />
  </section>`;
}

/** @param {{rows: FeedRow[], app: import("../app.js").App, more: () => void}} props */
function Rows({ rows, app, more }) {
  const box = useRef(null);
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    if (scrollHeight - scrollTop - clientHeight < 200) more();
  };
  return html`<div class="scroll" ref=${box} onScroll=${scrolled} tabindex="0" role="region" aria-label="List of events">
    ${rows.length === 0 && html`<p class="empty">Events appear here as they happen.</p>`}
    <ol class="rows">
      ${rows.map((row) => html`<${Row} key=${row.id} row=${row} app=${app} />`)}
    </ol>
  </div>`;
}

/** @param {{row: FeedRow, app: import("../app.js").App}} props */
function Row({ row, app }) {
  return html`<li class=${`row is-${row.tone}`} data-kind=${row.kind}>
    <i class=${`kind is-${row.kind}`} aria-hidden="true"></i>
    <p>
      ${row.parts.map((part) => {
        if (part.is === "station")
          return html`<button class="inline" type="button" onClick=${() => app.select(part.id ?? null)}>${part.text}</button>`;
        return part.is ? html`<b class=${`is-${part.is}`}>${part.text}</b>` : part.text;
      })}
    </p>
    <time datetime=${row.at}>${clock(row.at)}</time>
  </li>`;
}
