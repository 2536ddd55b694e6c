// @ts-check
import { clock, percent } from "../model/format.js";
import { countdown, lapse, readClock } from "../model/time.js";
import { useSecond } from "../ui/hooks.js";
import { html } from "../ui/html.js";

/** @typedef {import("../model/store.js").Store} Store */

/** How long ago; counted by itself, so that nothing else is drawn for it. @param {{store: Store, at: string}} props */
export function Age({ store, at }) {
  useSecond();
  return html`<time datetime=${at} title=${clock(at)}>${lapse(store.now - Date.parse(at))}</time>`;
}

/** How long until. @param {{store: Store, at: string, over?: string}} props */
export function Until({ store, at, over = "any moment" }) {
  useSecond();
  const rest = Date.parse(at) - store.now;
  return html`<time datetime=${at} title=${clock(at)}>${rest > 0 ? countdown(rest) : over}</time>`;
}

const MARKS = [50, 75, 100];

/**
 * A ticket's clock: what is left, how much is used, and at which marks it was told.
 * @param {{store: Store, name: string, clock: import("../model/types.js").Clock}} props
 */
export function ClockCell({ store, name, clock: told }) {
  useSecond();
  const { state, share, words } = readClock(told, store.now);
  const used = state === "met" ? "" : `, ${percent(share)} used`;
  const said = told.escalated_percent ? `, told at ${told.escalated_percent} %` : "";
  return html`<span class="clock" data-clock=${name} data-state=${state} data-told=${told.escalated_percent}>
    <b>${words}</b>
    ${state !== "met" && state !== "none" && html`<${Used} share=${share} told=${told.escalated_percent} />`}
    <span class="unseen">${used}${said}</span>
  </span>`;
}

/** @param {{share: number, told: number}} props */
function Used({ share, told }) {
  return html`<svg class="used" viewBox="0 0 84 10" aria-hidden="true">
    <rect class="used-all" x="0" y="4" width="80" height="3" rx="1.5" />
    <rect class="used-part" x="0" y="4" width=${Math.round(share * 80)} height="3" rx="1.5" />
    ${MARKS.map((mark) => html`<path key=${mark} class=${told >= mark ? "used-mark is-told" : "used-mark"} d=${`M${mark * 0.8},1.5v8`} />`)}
  </svg>`;
}
