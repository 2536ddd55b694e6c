// @ts-check
import { count, plural } from "../model/format.js";
import { conditionOf, stock } from "../model/station.js";
import { html } from "../ui/html.js";
import { Mark } from "../ui/icons.js";
import { Packs } from "./packs.js";

/** @typedef {import("../model/types.js").Station} Station */

const MOST_ROWS = 6;

/** Everything together, and what needs somebody. @param {{app: import("../app.js").App}} props */
export function Network({ app }) {
  const stations = [...app.store.stations.values()];
  const all = stations.length;
  const open = stations.filter((station) => station.is_active).length;
  return html`<section class="panel" aria-labelledby="panel-title" data-panel="network">
    <div class="panel-head">
      <div>
        <h2 id="panel-title">Network</h2>
        <p class="panel-sub muted">${open === all ? "All" : `${count(open)} of`} ${plural(all, "station")} open</p>
      </div>
    </div>
    <dl class="key-figures">
      <div><dt>Waiting</dt><dd>${count(sum(stations, (s) => s.queue.length))}</dd></div>
      <div><dt>Swapping</dt><dd>${count(sum(stations, (s) => s.queue.active))}</dd></div>
      <div><dt>Staff on duty</dt><dd>${count(sum(stations, (s) => s.staff_on_duty))}</dd></div>
    </dl>
    <${Packs} parts=${together(stations)} />
    <${Attention} stations=${stations} app=${app} />
  </section>`;
}

/** @param {{stations: Station[], app: import("../app.js").App}} props */
function Attention({ stations, app }) {
  const rows = stations
    .map((station) => ({ station, condition: conditionOf(station) }))
    .filter(({ condition }) => condition.rank > 0)
    .sort((a, b) => b.condition.rank - a.condition.rank || b.station.queue.length - a.station.queue.length);
  return html`<div class="attention">
    <h3>Needs attention <span class="muted">${rows.length ? count(rows.length) : ""}</span></h3>
    ${rows.length === 0 && html`<p class="empty">Nothing. Every station has packs and room.</p>`}
    <ul>
      ${rows.slice(0, MOST_ROWS).map(
        ({ station, condition }) => html`<li key=${station.id}>
          <button type="button" onClick=${() => app.select(station.id)}>
            <${Mark} of=${condition.key} /><b>${station.name}</b><span>${condition.label}</span>
          </button>
        </li>`,
      )}
    </ul>
  </div>`;
}

/** @param {Station[]} stations @param {(station: Station) => number} of */
function sum(stations, of) {
  return stations.reduce((total, station) => total + of(station), 0);
}

/** @param {Station[]} stations */
function together(stations) {
  const total = { free: 0, promised: 0, charging: 0, quarantined: 0, other: 0, total: 0 };
  for (const station of stations) {
    const parts = stock(station);
    for (const part of /** @type {(keyof typeof total)[]} */ (Object.keys(total))) total[part] += parts[part];
  }
  return total;
}
