// @ts-check
import { BOARDS } from "../app.js";
import { count } from "../model/format.js";
import { useSignal, useStore } from "../ui/hooks.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icons.js";

/**
 * @typedef {import("../app.js").Tab} Tab
 * @typedef {import("../model/work.js").Work} Work
 * @typedef {{tab: Tab, label: string, wide?: string, icon: keyof typeof import("../ui/icons.js").PATHS, part?: boolean,
 *   size?: (work: Work) => number, bad?: (work: Work) => boolean}} Place
 */

/** The overview's parts are all in sight where there is room, and places of their own on a phone. @type {Place[]} */
const PLACES = [
  { tab: "map", label: "Map", wide: "Overview", icon: "map" },
  { tab: "stations", label: "Stations", icon: "list", part: true },
  { tab: "network", label: "Network", icon: "grid", part: true },
  { tab: "feed", label: "Events", icon: "pulse", part: true },
  { tab: "jobs", label: "Jobs", icon: "van", size: (work) => work.jobs.size },
  { tab: "staff", label: "Staff", icon: "people", size: (work) => work.diversions.size },
  { tab: "incidents", label: "Incidents", icon: "alert", size: (work) => work.incidents.size, bad: isUrgent },
];

/** Is there a critical fault, or a ticket whose time is over? @param {Work} work */
function isUrgent({ incidents, tickets }) {
  const late = (/** @type {import("../model/types.js").Clock} */ clock) =>
    !clock.met_at && clock.escalated_percent >= 100;
  return (
    [...incidents.values()].some(({ severity }) => severity === "critical") ||
    [...tickets.values()].some(({ clocks }) => late(clocks.acknowledge) || late(clocks.repair))
  );
}

/** Where one can go; each place has an address. @param {{app: import("../app.js").App}} props */
export function Tabs({ app }) {
  useStore(app.store, ["jobs", "diversions", "incidents"], 250);
  const shown = useSignal(app.tab);
  return html`<nav class="tabs" aria-label="Parts of the dashboard">
    ${PLACES.map(
      (place) => html`<a
        key=${place.tab}
        href=${`#${place.tab}`}
        class=${place.part ? "is-part" : ""}
        aria-current=${shown === place.tab ? "page" : null}
        data-on=${isShown(place.tab, shown)}
      >
        <${Icon} name=${place.icon} /><span class="on-phone">${place.label}</span>
        <span class="on-desk">${place.wide ?? place.label}</span>
        ${place.size && html`<${Size} of=${place.size(app.store.work)} bad=${place.bad?.(app.store.work)} />`}
      </a>`,
    )}
  </nav>`;
}

/** The first place stands for the whole overview. @param {Tab} tab @param {Tab} shown */
function isShown(tab, shown) {
  return tab === shown || (tab === "map" && !BOARDS.has(shown));
}

/** @param {{of: number, bad?: boolean}} props */
function Size({ of, bad = false }) {
  return (
    of > 0 &&
    html`<b class=${bad ? "size is-bad" : "size"}>${count(of)}<span class="unseen"> open${bad && ", one of them urgent"}</span></b>`
  );
}
