// @ts-check
import { divert } from "../model/actions.js";
import { DIVERSION_STATES } from "../model/words.js";
import { useStore } from "../ui/hooks.js";
import { html } from "../ui/html.js";
import { Icon, Stage } from "../ui/icons.js";
import { Age, Until } from "./ages.js";
import { Board, Page, Place } from "./board.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../model/types.js").Diversion} Diversion
 * @typedef {import("../model/types.js").OnDuty & {station_id: string, asked: Diversion | undefined}} Person
 */

const STAGES = ["offered", "accepted", "arrived"];

/** Who is on duty where, and who is asked to help elsewhere. @param {{app: App}} props */
export function Staff({ app }) {
  useStore(app.store, ["staff", "diversions", "stations"], 120);
  const { diversions } = app.store.work;
  const send = () => (app.asking.value = divert(app.store));
  return html`<${Page} app=${app} name="Staff">
    <${Alone} app=${app} />
    ${
      diversions.size > 0 &&
      html`<${Board}
      title="Diversions"
      caption="People who are asked to help at another station, or do"
      columns=${diversionColumns(app)}
      rows=${[...diversions.values()]}
      idOf=${(/** @type {Diversion} */ part) => `${part.diversion_id} ${part.staff_id}`}
      first=${{ by: "state", down: false }}
      empty=""
    />`
    }
    <${Board}
      title="On duty"
      caption="Everybody on duty, by station"
      columns=${dutyColumns(app)}
      rows=${onDuty(app)}
      idOf=${(/** @type {Person} */ one) => one.staff_id}
      first=${{ by: "where", down: false }}
      empty="Nobody is on duty."
    >
      <button class="chip is-strong" type="button" onClick=${send}><${Icon} name="people" />Send somebody</button>
    <//>
  <//>`;
}

/** Open stations where nobody stands. @param {{app: App}} props */
function Alone({ app }) {
  const { stations, work } = app.store;
  const there = (/** @type {string} */ id) =>
    (work.crews.get(id) ?? []).some(({ expected_at }) => !expected_at);
  const alone = [...stations.values()].filter(({ id, is_active }) => is_active && !there(id));
  if (alone.length === 0) return null;
  return html`<p class="warned" data-alone=${alone.length}>
    <${Icon} name="alert" />
    <span>Nobody is at ${alone.map(({ id }, i) => html`${i > 0 && ", "}<${Place} key=${id} app=${app} id=${id} />`)}.</span>
  </p>`;
}

/** @param {App} app @returns {Person[]} */
function onDuty(app) {
  const { crews, diversions } = app.store.work;
  const parts = new Map([...diversions.values()].map((part) => [part.staff_id, part]));
  return [...crews].flatMap(([station_id, crew]) =>
    crew.map((one) => ({ ...one, station_id, asked: parts.get(one.staff_id) })),
  );
}

/** @param {App} app @param {string} id */
function stationName(app, id) {
  return app.store.stations.get(id)?.name ?? id;
}

/** @param {App} app @returns {import("./board.js").Column<Person>[]} */
function dutyColumns(app) {
  return [
    {
      key: "who",
      label: "Person",
      of: (one) => one.name,
      cell: (one) =>
        html`<span class="named"><b>${one.name}</b><small class="mono muted">${one.staff_id}</small></span>`,
    },
    {
      key: "where",
      label: "Station",
      of: (one) => stationName(app, one.station_id),
      cell: (one) => html`<${Place} app=${app} id=${one.station_id} />`,
    },
    {
      key: "duty",
      label: "Duty",
      hint: "Those who are not there yet first",
      of: (one) => (one.expected_at ? 2 : one.asked?.state === "offered" ? 1 : 0),
      down: true,
      cell: (one) => html`<${Duty} app=${app} one=${one} />`,
    },
    {
      key: "since",
      label: "Since",
      hint: "When they came on duty there",
      of: (one) => app.store.now - Date.parse(one.since),
      down: true,
      cell: (one) => html`<${Age} store=${app.store} at=${one.since} />`,
    },
    {
      key: "act",
      label: "Actions",
      cell: (one) => html`<${Send} app=${app} one=${one} />`,
    },
  ];
}

/** @param {{app: App, one: Person}} props */
function Duty({ app, one: { expected_at, asked } }) {
  if (expected_at)
    return html`<span class="stated" data-state="accepted">
      <${Stage} of=${1} />on the way, <${Until} store=${app.store} at=${expected_at} over="expected by now" />
    </span>`;
  if (asked?.state === "offered")
    return html`<span class="stated" data-state="offered"><${Stage} of=${0} />asked to go</span>`;
  return html`<span class="muted" data-state="there">there</span>`;
}

/** @param {{app: App, one: Person}} props */
function Send({ app, one }) {
  if (one.expected_at || one.asked?.state === "offered") return null;
  const send = () => (app.asking.value = divert(app.store, { from: one.station_id, staff: one.staff_id }));
  return html`<button class="chip" type="button" onClick=${send}>
    Send …<span class="unseen"> ${one.name} to another station</span>
  </button>`;
}

/** @param {App} app @returns {import("./board.js").Column<Diversion>[]} */
function diversionColumns(app) {
  return [
    {
      key: "who",
      label: "Person",
      of: (part) => part.staff_name,
      cell: (part) => html`<b>${part.staff_name}</b>`,
    },
    {
      key: "route",
      label: "Route",
      of: (part) => stationName(app, part.to_station_id),
      cell: (part) => html`<span class="ends">
        <${Place} app=${app} id=${part.from_station_id} /><${Icon} name="arrow" /><span class="unseen"> to </span><${Place} app=${app} id=${part.to_station_id} />
      </span>`,
    },
    {
      key: "state",
      label: "State",
      of: (part) => STAGES.indexOf(part.state),
      cell: (part) => html`<span class="stated" data-state=${part.state}>
        <${Stage} of=${STAGES.indexOf(part.state)} />${DIVERSION_STATES[part.state]}
      </span>`,
    },
    { key: "when", label: "When", of: whenOf, cell: (part) => html`<${When} app=${app} part=${part} />` },
    { key: "why", label: "Reason", of: (part) => part.reason, cell: (part) => part.reason },
  ];
}

/** @param {Diversion} part */
function whenOf({ arrived_at, expected_at, expires_at }) {
  return Date.parse(arrived_at ?? expected_at ?? expires_at);
}

/** @param {{app: App, part: Diversion}} props */
function When({ app, part }) {
  const { store } = app;
  if (part.arrived_at) return html`for <${Age} store=${store} at=${part.arrived_at} />`;
  if (part.state === "accepted" && part.expected_at)
    return html`expected in <${Until} store=${store} at=${part.expected_at} over="a moment" />`;
  return html`answers within <${Until} store=${store} at=${part.expires_at} over="a moment" />`;
}
