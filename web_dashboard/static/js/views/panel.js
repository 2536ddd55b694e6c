// @ts-check
import { count, entryState, minutes, percent, waitRange } from "../model/format.js";
import { canServe, conditionOf, stock } from "../model/station.js";
import { useSignal, useStore } from "../ui/hooks.js";
import { html, useEffect, useRef } from "../ui/html.js";
import { Icon, Mark } from "../ui/icons.js";
import { Network } from "./network.js";
import { Packs } from "./packs.js";

/** @typedef {import("../model/types.js").Station} Station @typedef {import("../model/types.js").Entry} Entry */

/** The selected station, or else the whole network. @param {{app: import("../app.js").App}} props */
export function Panel({ app }) {
  useStore(app.store, ["stations", "entries"], 120);
  const id = useSignal(app.selected);
  const station = id ? app.store.stations.get(id) : undefined;
  if (!station) return html`<${Network} app=${app} />`;
  return html`<${StationPanel} key=${id} app=${app} station=${station} entries=${app.store.entries.at(station.id)} />`;
}

/** @param {{app: import("../app.js").App, station: Station, entries: Entry[]}} props */
function StationPanel({ app, station, entries }) {
  const condition = conditionOf(station);
  const close = () => app.select(null);
  const title = useRef(null);
  useEffect(() => {
    if (app.byKeyboard) title.current?.focus();
  }, []);
  return html`<section class="panel" aria-labelledby="panel-title" data-panel=${station.id}>
    <div class="panel-head">
      <div>
        <h2 id="panel-title" tabindex="-1" ref=${title}>${station.name}</h2>
        <p class="panel-sub">
          <${Mark} of=${condition.key} /><span>${condition.label}</span>
          <span class="muted mono">${station.id}</span>
        </p>
      </div>
      <button class="quiet" type="button" onClick=${close} aria-label="Close the station" title="Close (Esc)">
        <${Icon} name="close" />
      </button>
    </div>
    <${KeyFigures} station=${station} />
    <${Packs} parts=${stock(station)} />
    <${Queue} station=${station} entries=${entries} />
    <${Facts} station=${station} />
  </section>`;
}

/** @param {{station: Station}} props */
function KeyFigures({ station }) {
  const { queue } = station;
  return html`<dl class="key-figures">
    <div><dt>Waiting</dt><dd data-key="waiting">${count(queue.length)}<small> of ${count(queue.capacity)}</small></dd></div>
    <div><dt>Swapping</dt><dd>${count(queue.active)}</dd></div>
    <div><dt>Expected wait</dt><dd>${canServe(station) ? waitRange(queue.estimated_wait_minutes) : "–"}</dd></div>
  </dl>`;
}

/** @param {{station: Station, entries: Entry[]}} props */
function Queue({ station, entries }) {
  return html`<div class="queue-list">
    <h3>Queue <span class="muted">${count(station.available_slots)} places free</span></h3>
    ${entries.length === 0 && html`<p class="empty">${station.is_active ? "Nobody is waiting." : "The station is closed."}</p>`}
    <ol>
      ${entries.map((entry) => html`<${Person} key=${entry.entry_id} entry=${entry} />`)}
    </ol>
  </div>`;
}

/** @param {{entry: Entry}} props */
function Person({ entry }) {
  return html`<li class="person" data-entry=${entry.entry_id}>
    <span class="place">${entry.position ?? html`<${Icon} name="pulse" />`}</span>
    <span class="who">
      <b>${entry.user_name}</b>
      ${entry.vehicle && html`<small>${entry.vehicle.model ?? entry.vehicle.id}</small>`}
    </span>
    <span class="state" data-state=${entry.state}>${entryState(entry.state, entry.called)}</span>
    <span class="person-wait">${personWait(entry)}</span>
  </li>`;
}

/** @param {Entry} entry */
function personWait(entry) {
  if (entry.pack === "short") return "no pack";
  return entry.position === null ? "" : minutes(entry.estimated_wait_minutes?.p50);
}

/** @param {{station: Station}} props */
function Facts({ station }) {
  return html`<dl class="facts">
    <div><dt>Staff on duty</dt><dd>${count(station.staff_on_duty)}</dd></div>
    <div><dt>Open tickets</dt><dd>${count(station.open_tickets)}</dd></div>
    <div><dt>Load in an hour</dt><dd>${percent(station.predicted_load)}</dd></div>
    <div><dt>Fault risk tomorrow</dt><dd>${percent(station.predicted_fault_risk)}</dd></div>
  </dl>`;
}
