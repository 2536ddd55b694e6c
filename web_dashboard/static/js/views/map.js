// @ts-check
import { html, useEffect, useRef } from "../ui/html.js";
import { Icon, Mark } from "../ui/icons.js";
import { StationMap } from "../map/map.js";

/** The map: drawn by itself into this element, outside of the component's tree. @param {{app: import("../app.js").App}} props */
export function MapView({ app }) {
  const box = useRef(null);
  const map = useRef(/** @type {StationMap | null} */ (null));
  useEffect(() => {
    map.current = new StationMap(box.current, app);
    return () => map.current?.close();
  }, [app]);
  return html`<section class="map" aria-label="Map of the stations">
    <p class="unseen" id="map-help">
      Arrow keys move between stations, Enter opens one, plus and minus zoom, zero shows all, Shift with an arrow key moves the map.
    </p>
    <div class="map-box" ref=${box}></div>
    <div class="map-tools" role="group" aria-label="Zoom">
      <button type="button" onClick=${() => map.current?.zoom(1.6)} aria-label="Zoom in" title="Zoom in (+)"><${Icon} name="plus" /></button>
      <button type="button" onClick=${() => map.current?.zoom(1 / 1.6)} aria-label="Zoom out" title="Zoom out (−)"><${Icon} name="minus" /></button>
      <button type="button" onClick=${() => map.current?.home()} aria-label="Show all stations" title="Show all (0)"><${Icon} name="fit" /></button>
    </div>
    <details class="map-key" open=${innerWidth >= 1280}>
      <summary>Key</summary>
      <ul>
        <li><svg viewBox="0 0 30 30" class="key-ring" aria-hidden="true"><circle class="track" cx="15" cy="15" r="11" /><circle class="arc-promised" cx="15" cy="15" r="11" pathLength="100" stroke-dasharray="62 100" transform="rotate(-90 15 15)" /><circle class="arc" cx="15" cy="15" r="11" pathLength="100" stroke-dasharray="46 100" transform="rotate(-90 15 15)" /><text x="15" y="19">3</text></svg>Riders waiting, in a ring of packs</li>
        <li class="key-packs"><i class="swatch is-free" aria-hidden="true"></i>charged <i class="swatch is-promised" aria-hidden="true"></i>promised</li>
        <li><${Mark} of="low" />Few charged packs</li>
        <li><${Mark} of="empty" />No charged packs</li>
        <li><${Mark} of="busy" />Queue nearly full</li>
        <li><${Mark} of="closed" />Closed</li>
        <li><i class="key-dot is-bound" aria-hidden="true"></i>Rider with a reservation</li>
        <li><i class="key-dot" aria-hidden="true"></i>Other rider</li>
      </ul>
    </details>
  </section>`;
}
