// @ts-check
import { CONDITIONS, conditionOf } from "./station.js";

/** @typedef {import("./types.js").Station} Station */

/**
 * What is counted, in the order in which it is said: of one, of several.
 * @type {[string, string, (event: string, payload: any) => boolean][]}
 */
const COUNTED = [
  ["reserved", "reserved", (event) => event === "queue:confirmed"],
  ["swapped", "swapped", (event) => event === "swap:completed"],
  [
    "did not come",
    "did not come",
    (event, payload) => event === "queue:left" && payload?.state !== "cancelled",
  ],
  ["job ordered", "jobs ordered", (event) => event === "job:created"],
  ["job taken", "jobs taken", (event) => event === "job:accepted"],
  ["job done", "jobs done", (event) => event === "job:completed"],
  ["job lost", "jobs lost", (event) => event === "job:cancelled" || event === "job:expired"],
  ["asked to move", "asked to move", (event) => event === "staff:diversion-offered"],
  [
    "on the way to another station",
    "on the way to another station",
    (event, payload) => event === "diversion:changed" && payload?.state === "accepted",
  ],
  ["fault", "faults", (event) => event === "fault:raised"],
  [
    "ticket opened",
    "tickets opened",
    (event, payload) => event === "alert:raised" && payload?.alert === "ticket_opened",
  ],
  [
    "clock running out",
    "clocks running out",
    (event, payload) => event === "alert:raised" && payload?.alert === "ticket_clock",
  ],
  [
    "ticket resolved",
    "tickets resolved",
    (event, payload) => event === "ticket:changed" && payload?.status === "resolved",
  ],
];

/** Counts what happens, and says it in one sentence when asked; for those who hear the page. */
export class Digest {
  /** @type {Map<string, number>} */
  #counts = new Map();
  /** @type {Map<string, string>} */
  #conditions = new Map();

  /** @param {string | null} event @param {any} payload */
  hear(event, payload) {
    if (event === null) return;
    for (const [what, , isIt] of COUNTED)
      if (isIt(event, payload)) this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** @param {Iterable<Station>} stations */
  say(stations) {
    const said = COUNTED.flatMap(([one, many]) => {
      const times = this.#counts.get(one);
      return times ? [`${times} ${times === 1 ? one : many}`] : [];
    });
    this.#counts.clear();
    return [said.join(", "), ...this.#worsened(stations)].filter(Boolean).join(". ");
  }

  /** @param {Iterable<Station>} stations */
  #worsened(stations) {
    const said = [];
    for (const station of stations) {
      const { key, label } = conditionOf(station);
      const before = this.#conditions.get(station.id);
      this.#conditions.set(station.id, key);
      if (before && before !== key && CONDITIONS[key].rank > 0)
        said.push(`${station.name}: ${label.toLowerCase()}`);
    }
    return said;
  }
}
