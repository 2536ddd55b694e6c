// @ts-check
import { CONDITIONS, conditionOf } from "./station.js";

/** @typedef {import("./types.js").Station} Station */

/** Counts what happens, and says it in one sentence when asked; for those who hear the page. */
export class Digest {
  #confirmed = 0;
  #swaps = 0;
  #lost = 0;
  /** @type {Map<string, string>} */
  #conditions = new Map();

  /** @param {string | null} event @param {any} payload */
  hear(event, payload) {
    if (event === "queue:confirmed") this.#confirmed += 1;
    if (event === "swap:completed") this.#swaps += 1;
    if (event === "queue:left" && payload?.state !== "cancelled") this.#lost += 1;
  }

  /** @param {Iterable<Station>} stations */
  say(stations) {
    const said = [];
    if (this.#confirmed) said.push(`${this.#confirmed} reserved`);
    if (this.#swaps) said.push(`${this.#swaps} swapped`);
    if (this.#lost) said.push(`${this.#lost} did not come`);
    this.#confirmed = this.#swaps = this.#lost = 0;
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
