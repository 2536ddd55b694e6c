// @ts-check
import { Store } from "./model/store.js";
import { Live } from "./net/live.js";
import { Signal } from "./ui/signal.js";

/** @typedef {"map" | "stations" | "network" | "feed"} Tab */

/** What the views share: the store, the connection, and what is selected. */
export class App {
  store = new Store();
  /** @type {Signal<{state: string, heardAt: number}>} */
  link = new Signal(/** @type {{state: string, heardAt: number}} */ ({ state: "connecting", heardAt: NaN }));
  selected = new Signal(/** @type {string | null} */ (null));
  hovered = new Signal(/** @type {string | null} */ (null));
  tab = new Signal(/** @type {Tab} */ ("map"));
  /** whether the last selection was made by a key, so that focus follows it */
  byKeyboard = false;
  #live;
  /** @type {HTMLElement | null} where focus was before a station was opened */
  #from = null;

  /**
   * @param {import("./net/session.js").Session} session
   * @param {(why: "none" | "expired" | "refused") => void} onEnd
   */
  constructor(session, onEnd) {
    this.signOut = () => onEnd("none");
    this.#live = new Live(session, this.store, {
      onState: () => (this.link.value = { state: this.#live.state, heardAt: this.#live.heardAt }),
      onEnd,
    });
  }

  /** When the hub was last heard, ms since the epoch. */
  get heardAt() {
    return this.#live.heardAt;
  }

  /** @param {string | null} stationId */
  select(stationId) {
    if (stationId && !this.selected.value) this.#from = /** @type {HTMLElement} */ (document.activeElement);
    this.selected.value = stationId;
    if (!stationId && this.byKeyboard) this.#from?.focus();
  }

  /** @param {Tab} tab */
  show(tab) {
    this.tab.value = tab;
    this.selected.value = null;
  }

  close() {
    this.#live.close();
  }
}
