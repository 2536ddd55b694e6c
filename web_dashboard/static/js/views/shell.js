// @ts-check
import { BOARDS } from "../app.js";
import { Digest } from "../model/digest.js";
import { useSignal } from "../ui/hooks.js";
import { html, useEffect, useRef } from "../ui/html.js";
import { Asking } from "./dialog.js";
import { Feed } from "./feed.js";
import { Header } from "./header.js";
import { Incidents } from "./incidents.js";
import { Jobs } from "./jobs.js";
import { MapView } from "./map.js";
import { Panel } from "./panel.js";
import { Staff } from "./staff.js";
import { Table } from "./table.js";
import { Tabs } from "./tabs.js";

const SAY_EVERY_MS = 10_000;
/** @type {Record<string, {view: any, title: string}>} */
const VIEWS = {
  jobs: { view: Jobs, title: "Jobs" },
  staff: { view: Staff, title: "Staff" },
  incidents: { view: Incidents, title: "Incidents" },
};

/** The whole page. @param {{app: import("../app.js").App}} props */
export function Shell({ app }) {
  const tab = useSignal(app.tab);
  const selected = useSignal(app.selected);
  const board = VIEWS[tab];
  useEffect(() => listen(app), [app]);
  useEffect(() => void (document.title = board ? `${board.title} · NavSwap Hub` : "NavSwap Hub"), [tab]);
  const view = BOARDS.has(tab) ? "board" : "overview";
  return html`<div class="shell" data-tab=${tab} data-view=${view} data-open=${selected ? "station" : "none"}>
    <${Header} app=${app} />
    <${Tabs} app=${app} />
    <main class="work">
      ${board ? html`<${board.view} key=${tab} app=${app} />` : html`<${Table} app=${app} />`}
      <${MapView} app=${app} />
      <aside class="side">
        <${Panel} app=${app} />
        <${Feed} app=${app} />
      </aside>
    </main>
    <${Asking} app=${app} />
    <${Spoken} app=${app} />
  </div>`;
}

/**
 * Escape closes the station; and how one moves is remembered, for focus follows keys only.
 * @param {import("../app.js").App} app
 */
function listen(app) {
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    app.byKeyboard = true;
    if (event.key === "Escape" && !app.asking.value) app.select(null);
  };
  const pointer = () => (app.byKeyboard = false);
  addEventListener("keydown", key, true);
  addEventListener("pointerdown", pointer, true);
  return () => {
    removeEventListener("keydown", key, true);
    removeEventListener("pointerdown", pointer, true);
  };
}

/** What happened in the last seconds, for those who hear the page. @param {{app: import("../app.js").App}} props */
function Spoken({ app }) {
  const line = useRef(null);
  useEffect(() => {
    const digest = new Digest();
    digest.say(app.store.stations.values());
    const stop = app.store.subscribe((_topics, event, payload) => digest.hear(event, payload));
    const timer = setInterval(() => {
      const said = digest.say(app.store.stations.values());
      if (said) line.current.textContent = said;
    }, SAY_EVERY_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [app]);
  return html`<p class="unseen" ref=${line} aria-live="polite" data-digest></p>`;
}
