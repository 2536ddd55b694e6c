// @ts-check
import { Store } from "./model/store.js";
import { Wish } from "./model/problem.js";
import { Live } from "./net/live.js";
import { Signal } from "./ui/signal.js";

/**
 * @typedef {"map" | "stations" | "network" | "feed" | "jobs" | "staff" | "incidents"} Tab
 * @typedef {import("./model/actions.js").Question} Question
 * @typedef {import("./model/problem.js").Problem} Problem
 */

/** @type {Set<string>} */
const TABS = new Set(["map", "stations", "network", "feed", "jobs", "staff", "incidents"]);
/** @type {ReadonlySet<string>} those that have the page to themselves; the others are parts of the overview */
export const BOARDS = new Set(["jobs", "staff", "incidents"]);

/** What the views share: the store, the connection, what is shown, and what is selected. */
export class App {
  store = new Store();
  /** @type {Signal<{state: string, heardAt: number}>} */
  link = new Signal(/** @type {{state: string, heardAt: number}} */ ({ state: "connecting", heardAt: NaN }));
  selected = new Signal(/** @type {string | null} */ (null));
  hovered = new Signal(/** @type {string | null} */ (null));
  /** the job that is pointed at in the list */
  job = new Signal(/** @type {string | null} */ (null));
  tab = new Signal(tabOf(location.hash));
  asking = new Signal(/** @type {Question | null} */ (null));
  /** why the last thing that was pressed did not happen */
  problem = new Signal(/** @type {Problem | null} */ (null));
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
    addEventListener("hashchange", this.#follow);
  }

  /** The address says what is shown, so that a part of the page can be linked to. */
  #follow = () => {
    const tab = tabOf(location.hash);
    if (tab === this.tab.value) return;
    this.selected.value = this.job.value = this.problem.value = null;
    this.tab.value = tab;
  };

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

  /**
   * Runs an operation of the hub. A command gets the id of the wish that it fulfils.
   * @param {string} event
   * @param {object} payload
   * @param {Wish | null} [wish]
   */
  async call(event, payload, wish = new Wish()) {
    const answer = await this.#live.call(
      event,
      wish ? { ...payload, request_id: wish.idFor(payload) } : payload,
    );
    if (!answer.ok) wish?.answered(answer.error);
    return answer;
  }

  /** A command without a question: what is wrong with it is shown above the list. @param {string} event @param {object} payload */
  async act(event, payload) {
    const answer = await this.call(event, payload);
    this.problem.value = answer.ok ? null : answer.error;
  }

  /** Every item of a list. @param {string} event */
  async list(event) {
    const items = [];
    let cursor;
    do {
      const answer = await this.call(event, { limit: 200, ...(cursor ? { cursor } : {}) }, null);
      if (!answer.ok) break;
      items.push(...answer.data.items);
      cursor = answer.data.next_cursor;
    } while (cursor);
    return items;
  }

  close() {
    removeEventListener("hashchange", this.#follow);
    this.#live.close();
  }
}

/** @param {string} hash @returns {Tab} */
function tabOf(hash) {
  const name = hash.slice(1);
  return /** @type {Tab} */ (TABS.has(name) ? name : "map");
}
