// @ts-check
import { BOARDS } from "../app.js";
import { StationMap } from "../map/map.js";
import { useSignal } from "../ui/hooks.js";
import { html, useEffect, useRef } from "../ui/html.js";
import { Icon, Mark } from "../ui/icons.js";

/** @typedef {keyof typeof import("../ui/icons.js").PATHS} IconName */

/**
 * The map: drawn by itself into this element, outside of the component's tree.
 * @param {{app: import("../app.js").App}} props
 */
export function MapView({ app }) {
  const box = useRef(null);
  /** @type {{current: StationMap | null}} */
  const map = useRef(null);
  useEffect(() => {
    map.current = new StationMap(box.current, app);
    return () => map.current?.close();
  }, [app]);
  return html`<section class="map" aria-label="Map of the stations">
    <p class="unseen" id="map-help">
      Arrow keys move between stations, Enter opens one, plus and minus zoom, zero shows all, Shift with an
      arrow key moves the map.
    </p>
    <div class="map-box" ref=${box}></div>
    <div class="map-tools" role="group" aria-label="Zoom">
      <${Tool} icon="plus" name="Zoom in" keys="+" press=${() => map.current?.zoom(1.6)} />
      <${Tool} icon="minus" name="Zoom out" keys="−" press=${() => map.current?.zoom(1 / 1.6)} />
      <${Tool} icon="fit" name="Show all stations" keys="0" press=${() => map.current?.home()} />
    </div>
    <${Key} app=${app} />
  </section>`;
}

/** @param {{icon: IconName, name: string, keys: string, press: () => void}} props */
function Tool({ icon, name, keys, press }) {
  return html`<button type="button" onClick=${press} aria-label=${name} title=${`${name} (${keys})`}>
    <${Icon} name=${icon} />
  </button>`;
}

/** What the marks mean; open where there is room for it. @param {{app: import("../app.js").App}} props */
function Key({ app }) {
  const tab = useSignal(app.tab);
  return html`<details class="map-key" open=${innerWidth >= 1280 && innerHeight >= 1000 && !BOARDS.has(tab)}>
    <summary>Key</summary>
    <ul>
      <li><${Ring} />Riders waiting, ring of packs</li>
      <li class="key-packs">
        <i class="swatch is-free" aria-hidden="true"></i>charged
        <i class="swatch is-promised" aria-hidden="true"></i>promised
      </li>
      <li><${Mark} of="low" />Few charged packs</li>
      <li><${Mark} of="empty" />No charged packs</li>
      <li><${Mark} of="busy" />Queue nearly full</li>
      <li><${Mark} of="closed" />Closed</li>
      <li><i class="key-dot is-bound" aria-hidden="true"></i>Rider with a reservation</li>
      <li><i class="key-dot" aria-hidden="true"></i>Other rider</li>
      <li><i class="key-doubt" aria-hidden="true"></i>Position not trusted</li>
      <li>
        <i class="key-van" aria-hidden="true"></i>Van
        <i class="key-van is-full" aria-hidden="true"></i>with packs
      </li>
    </ul>
  </details>`;
}

function Ring() {
  const circle = { cx: 15, cy: 15, r: 11, pathLength: 100, transform: "rotate(-90 15 15)" };
  return html`<svg viewBox="0 0 30 30" class="key-ring" aria-hidden="true">
    <circle class="track" cx="15" cy="15" r="11" />
    <circle class="arc-promised" ...${circle} stroke-dasharray="62 100" />
    <circle class="arc" ...${circle} stroke-dasharray="46 100" />
    <text x="15" y="19">3</text>
  </svg>`;
}
