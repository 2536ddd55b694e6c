// @ts-check
import { count } from "../model/format.js";
import { html, useEffect, useRef } from "../ui/html.js";

const PARTS = /** @type {const} */ ([
  { part: "free", label: "Charged" },
  { part: "promised", label: "Promised" },
  { part: "charging", label: "Charging" },
  { part: "quarantined", label: "Quarantine" },
  { part: "other", label: "Other" },
]);
const OPTIONAL = new Set(["quarantined", "other"]);

/**
 * Packs in slots as one bar and a legend with figures.
 * @param {{parts: ReturnType<typeof import("../model/station.js").stock>}} props
 */
export function Packs({ parts }) {
  const shown = PARTS.filter(({ part }) => parts[part] > 0 || !OPTIONAL.has(part));
  return html`<div class="packs">
    <h3>Packs <span class="muted">${count(parts.total)} in slots</span></h3>
    <div class="bar" aria-hidden="true">
      ${shown.map(({ part }) => html`<${Share} key=${part} part=${part} share=${parts.total ? parts[part] / parts.total : 0} />`)}
    </div>
    <dl class="legend">
      ${shown.map(
        ({ part, label }) => html`<div key=${part}>
          <dt><i class=${`swatch is-${part}`} aria-hidden="true"></i>${label}</dt>
          <dd data-packs=${part}>${count(parts[part])}</dd>
        </div>`,
      )}
    </dl>
  </div>`;
}

/** @param {{part: string, share: number}} props */
function Share({ part, share }) {
  const bar = useRef(null);
  useEffect(() => {
    // By script, because the page's policy lets no markup carry a style.
    bar.current?.style.setProperty("flex-grow", String(share));
  }, [share]);
  return html`<span ref=${bar} class=${`is-${part}`} hidden=${share === 0}></span>`;
}
