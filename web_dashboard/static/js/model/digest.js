// @ts-check
import { CONDITIONS, conditionOf } from "./station.js";

/** @typedef {import("./types.js").Station} Station */

/**
 * What is counted, in the order in which it is said.
 * @type {[string, (event: string, payload: any) => boolean][]}
 */
const COUNTED = [
  ["reserved", (event) => event === "queue:confirmed"],
  ["swapped", (event) => event === "swap:completed"],
  ["did not come", (event, payload) => event === "queue:left" && payload?.state !== "cancelled"],
  ["jobs ordered", (event) => event === "job:created"],
  ["jobs taken", (event) => event === "job:accepted"],
  ["jobs done", (event) => event === "job:completed"],
  ["jobs lost", (event) => event === "job:cancelled" || event === "job:expired"],
  ["asked to move", (event) => event === "staff:diversion-offered"],
  [
    "on the way to another station",
    (event, payload) => event === "diversion:changed" && payload?.state === "accepted",
  ],
  ["faults", (event) => event === "fault:raised"],
  ["tickets opened", (event, payload) => event === "alert:raised" && payload?.alert === "ticket_opened"],
  ["clocks run down", (event, payload) => event === "alert:raised" && payload?.alert === "ticket_clock"],
  ["tickets resolved", (event, payload) => event === "ticket:changed" && payload?.status === "resolved"],
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
    for (const [words, isIt] of COUNTED)
      if (isIt(event, payload)) this.#counts.set(words, (this.#counts.get(words) ?? 0) + 1);
  }

  /** @param {Iterable<Station>} stations */
  say(stations) {
    const said = COUNTED.filter(([words]) => this.#counts.has(words)).map(
      ([words]) => `${this.#counts.get(words)} ${words}`,
    );
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
