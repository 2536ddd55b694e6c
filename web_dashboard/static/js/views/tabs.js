// @ts-check
import { useSignal } from "../ui/hooks.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icons.js";

const TABS = /** @type {const} */ ([
  { tab: "map", label: "Map", icon: "map" },
  { tab: "stations", label: "Stations", icon: "list" },
  { tab: "network", label: "Network", icon: "grid" },
  { tab: "feed", label: "Events", icon: "pulse" },
]);

/** On a phone one part of the page at a time. @param {{app: import("../app.js").App}} props */
export function Tabs({ app }) {
  const shown = useSignal(app.tab);
  return html`<nav class="tabs" aria-label="Parts of the dashboard">
    ${TABS.map(
      ({
        tab,
        label,
        icon,
      }) => html`<button key=${tab} type="button" aria-current=${shown === tab ? "page" : null} onClick=${() => app.show(tab)}>
        <${Icon} name=${icon} />${label}
      </button>`,
    )}
  </nav>`;
}
