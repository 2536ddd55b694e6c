// @ts-check
import { age, count } from "../model/format.js";
import { sparkline } from "../model/trend.js";
import { useEvery, useSignal, useStore } from "../ui/hooks.js";
import { html } from "../ui/html.js";
import { Icon, Logo } from "../ui/icons.js";
import { theme, toggleTheme } from "../ui/theme.js";

/** @typedef {import("../model/store.js").Store} Store @typedef {import("../net/live.js").Live} Live */

const FIGURES = [
  { name: "connections", label: "Connections", short: "Online" },
  { name: "events_per_s", label: "Events per second", short: "Events/s" },
  { name: "open_entries", label: "Open entries", short: "Open" },
  { name: "swaps_today", label: "Swaps today", short: "Swaps" },
];
const STALE_MS = 5000;
const LINK = {
  connecting: "Connecting",
  live: "Live",
  resyncing: "Catching up",
  lost: "Reconnecting",
};

/** @param {{app: import("../app.js").App}} props */
export function Header({ app }) {
  return html`<header class="top">
    <div class="brand"><${Logo} /><h1>NavSwap <span>Hub</span></h1></div>
    <${Figures} store=${app.store} />
    <div class="top-end">
      <${Connection} app=${app} />
      <${ThemeButton} />
      <button class="quiet" type="button" onClick=${app.signOut} aria-label="Sign out" title="Sign out">
        <${Icon} name="out" />
      </button>
    </div>
  </header>`;
}

/** @param {{store: Store}} props */
function Figures({ store }) {
  useStore(store, ["stats"], 250);
  return html`<dl class="figures">
    ${FIGURES.map(({ name, label, short }) => {
      const { line, area } = sparkline(store.trends[name].values, 72, 22);
      return html`<div class="figure" key=${name} data-figure=${name}>
        <dt><span class="wide-only">${label}</span><span class="narrow-only">${short}</span></dt>
        <dd>${count(store.stats[name])}</dd>
        <svg class="spark" viewBox="0 0 72 22" preserveAspectRatio="none" aria-hidden="true">
          <path class="spark-base" d="M0,21.5H72" />
          <path class="spark-area" d=${area} /><path class="spark-line" d=${line} />
        </svg>
      </div>`;
    })}
  </dl>`;
}

/** @param {{app: import("../app.js").App}} props */
function Connection({ app }) {
  const live = useSignal(app.link);
  useEvery(500);
  const old = Date.now() - app.heardAt;
  const stale = live.state === "live" && old > STALE_MS;
  const state = stale ? "stale" : live.state;
  return html`<p class="link" data-state=${state}>
    <span class="link-dot" aria-hidden="true"></span>
    <strong role="status">${stale ? "Silent" : LINK[/** @type {keyof typeof LINK} */ (live.state)]}</strong>
    <span class="link-age">${age(old)}</span>
  </p>`;
}

function ThemeButton() {
  const now = useSignal(theme);
  const name = `Use the ${now === "dark" ? "light" : "dark"} theme`;
  return html`<button class="quiet" type="button" onClick=${toggleTheme} aria-label=${name} title=${name}>
    <${Icon} name=${now === "dark" ? "sun" : "moon"} />
  </button>`;
}
