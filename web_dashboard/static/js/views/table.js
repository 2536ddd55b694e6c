// @ts-check
import { count, minutes } from "../model/format.js";
import { COLUMNS, sorted } from "../model/sorting.js";
import { canServe, conditionOf } from "../model/station.js";
import { useSignal, useStore } from "../ui/hooks.js";
import { html, useState } from "../ui/html.js";
import { Icon, Mark } from "../ui/icons.js";

/** @typedef {import("../model/types.js").Station} Station */

const SHOWN = ["name", "queue", "charged", "wait"];

/** The map's twin: the same stations and figures as rows. @param {{app: import("../app.js").App}} props */
export function Table({ app }) {
  useStore(app.store, ["stations"], 120);
  const selected = useSignal(app.selected);
  const [sort, setSort] = useState({ by: "name", down: false });
  const rows = sorted(app.store.stations.values(), sort.by, sort.down);
  const urgent = sort.by === "state";
  /** @param {string} by */
  const turn = (by) => setSort({ by, down: sort.by === by ? !sort.down : COLUMNS[by].down });
  return html`<section class="stations" aria-label="Stations">
    <div class="section-head">
      <h2>Stations</h2>
      <span class="muted">${count(rows.length)}</span>
      <button class="chip push" type="button" aria-pressed=${urgent} onClick=${() => turn(urgent ? "name" : "state")}>
        Attention first
      </button>
    </div>
    <div class="scroll" tabindex="-1">
      <table>
        <caption class="unseen">All stations; the same as on the map</caption>
        <thead>
          <tr>
            ${SHOWN.map((by) => html`<${Head} key=${by} by=${by} sort=${sort} turn=${turn} />`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (station) =>
              html`<${Row} key=${station.id} station=${station} selected=${station.id === selected} app=${app} />`,
          )}
        </tbody>
      </table>
      ${rows.length === 0 && html`<p class="empty">The stations appear here as soon as the hub has answered.</p>`}
    </div>
  </section>`;
}

/** @param {{by: string, sort: {by: string, down: boolean}, turn: (by: string) => void}} props */
function Head({ by, sort, turn }) {
  const { label, hint } = COLUMNS[by];
  const order = sort.by !== by ? "none" : sort.down ? "descending" : "ascending";
  return html`<th scope="col" aria-sort=${order} class=${by}>
    <button type="button" onClick=${() => turn(by)} title=${hint}>${label}<${Icon} name="down" /></button>
  </th>`;
}

/** @param {{station: Station, selected: boolean, app: import("../app.js").App}} props */
function Row({ station, selected, app }) {
  const { queue, batteries, charged_batteries: charged } = station;
  const condition = conditionOf(station);
  const open = () => app.select(station.id);
  return html`<tr
    data-row=${station.id}
    data-queue=${queue.length}
    data-charged=${charged}
    class=${selected ? "is-selected" : ""}
    onClick=${open}
    onMouseEnter=${() => (app.hovered.value = station.id)}
    onMouseLeave=${() => (app.hovered.value = null)}
  >
    <th scope="row" class="name">
      <button type="button" aria-pressed=${selected}>
        <${Mark} of=${condition.key} /><span class="row-name">${station.name}</span>
        <span class="unseen">, ${condition.label}</span>
      </button>
    </th>
    <td class="queue"><b class=${queue.length ? "" : "nought"}>${count(queue.length)}</b></td>
    <td class="charged">
      <b class=${charged ? "" : "is-bad"}>${count(charged)}</b><span class="of"> / ${count(batteries.total)}</span>
    </td>
    <td class="wait">${canServe(station) ? minutes(queue.estimated_wait_minutes?.p50) : "–"}</td>
  </tr>`;
}
