// @ts-check
import { html } from "./html.js";

export const PATHS = {
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1",
  moon: "M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7Z",
  out: "M6 2.5H3.5a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1H6M10.5 11 13.5 8l-3-3M13.2 8H6.2",
  close: "M4 4l8 8M12 4l-8 8",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.4v9.2L12.4 8 5 3.4Z",
  plus: "M8 3.5v9M3.5 8h9",
  minus: "M3.5 8h9",
  fit: "M2.5 6v-2.5a1 1 0 0 1 1-1H6M10 2.5h2.5a1 1 0 0 1 1 1V6M13.5 10v2.5a1 1 0 0 1-1 1H10M6 13.5H3.5a1 1 0 0 1-1-1V10",
  map: "M6 3 2.5 4.5v8.7L6 11.7l4 1.6 3.5-1.5V3.1L10 4.6 6 3ZM6 3v8.7M10 4.6v8.7",
  list: "M2.5 4h11M2.5 8h11M2.5 12h11",
  pulse: "M1.5 8.5h3l1.8-5 3 9 1.9-6 .9 2h2.4",
  grid: "M2.5 2.5h4.6v4.6H2.5zM8.9 2.5h4.6v4.6H8.9zM2.5 8.9h4.6v4.6H2.5zM8.9 8.9h4.6v4.6H8.9z",
  van: "M1.5 4.5h8v6.5h-8zM9.5 6.5h3l2 2.3V11h-5M4.2 12.6a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM11.8 12.6a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z",
  people:
    "M6 7.5a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8ZM1.8 13.2c0-2.6 1.9-4 4.2-4s4.2 1.4 4.2 4M10.6 3a2.2 2.2 0 0 1 0 4.2M12 9.6c1.4.5 2.3 1.8 2.3 3.6",
  alert: "M8 2.6 14.2 13H1.8L8 2.6ZM8 6.6v3M8 11.2v.1",
  arrow: "M3 8h9.5M9 4.5 12.5 8 9 11.5",
  down: "M4.5 6.5 8 10l3.5-3.5",
};

/** @param {{name: keyof typeof PATHS}} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}

/** Shape and colour of a condition, so that neither stands alone. */
export const MARKS = {
  ready: "M8 12.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Z",
  low: "M8 2.6 14 13.2H2L8 2.6Z",
  busy: "M8 1.9 14.1 8 8 14.1 1.9 8 8 1.9Z",
  empty: "M3 3h10v10H3z",
  closed:
    "M3.2 4.9 4.9 3.2 8 6.3l3.1-3.1 1.7 1.7L9.7 8l3.1 3.1-1.7 1.7L8 9.7l-3.1 3.1-1.7-1.7L6.3 8 3.2 4.9Z",
};

/** @param {{of: keyof typeof MARKS}} props */
export function Mark({ of }) {
  return html`<svg class=${`mark is-${of}`} viewBox="0 0 16 16" aria-hidden="true"><path d=${MARKS[of]} /></svg>`;
}

const SEVERITY_MARKS = {
  low: "M8 12.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Z",
  medium: "M3 3h10v10H3z",
  high: "M8 1.9 14.1 8 8 14.1 1.9 8 8 1.9Z",
  critical: "M8 2.6 14 13.2H2L8 2.6Z",
};

/** @param {{of: string}} props */
export function SeverityMark({ of }) {
  const path = /** @type {Record<string, string>} */ (SEVERITY_MARKS)[of] ?? SEVERITY_MARKS.medium;
  return html`<svg class=${`mark severity-mark at-${of}`} viewBox="0 0 16 16" aria-hidden="true"><path d=${path} /></svg>`;
}

/** How far something has got: none, half or all of a disc; the word beside it says the same. @param {{of: number}} props */
export function Stage({ of }) {
  return html`<svg class="stage" viewBox="0 0 16 16" aria-hidden="true">
    <circle cx="8" cy="8" r="5.5" />
    ${of > 0 && html`<path d=${of >= 2 ? "M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11Z" : "M8 2.5a5.5 5.5 0 0 1 0 11Z"} />`}
  </svg>`;
}

export function Logo() {
  return html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <rect class="logo-plate" width="32" height="32" rx="9" />
    <path class="logo-line" d="M9 20.5v-7a3.5 3.5 0 0 1 6.2-2.2l1.6 2" />
    <path class="logo-line" d="M23 11.5v7a3.5 3.5 0 0 1-6.2 2.2l-1.6-2" />
    <path class="logo-tip" d="m6.2 18.6 2.8 3.6 2.8-3.6ZM20.2 13.4 23 9.8l2.8 3.6Z" />
  </svg>`;
}
