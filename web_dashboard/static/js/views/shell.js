// @ts-check
import { Digest } from "../model/digest.js";
import { useSignal } from "../ui/hooks.js";
import { html, useEffect, useRef } from "../ui/html.js";
import { Feed } from "./feed.js";
import { Header } from "./header.js";
import { MapView } from "./map.js";
import { Panel } from "./panel.js";
import { Table } from "./table.js";
import { Tabs } from "./tabs.js";

const SAY_EVERY_MS = 10_000;

/** The whole page. @param {{app: import("../app.js").App}} props */
export function Shell({ app }) {
  const tab = useSignal(app.tab);
  const selected = useSignal(app.selected);
  useEffect(() => listen(app), [app]);
  return html`<div class="shell" data-tab=${tab} data-open=${selected ? "station" : "none"}>
    <${Header} app=${app} />
    <main class="work">
      <${Table} app=${app} />
      <${MapView} app=${app} />
      <aside class="side">
        <${Panel} app=${app} />
        <${Feed} app=${app} />
      </aside>
    </main>
    <${Tabs} app=${app} />
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
    if (event.key === "Escape") app.select(null);
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
