// @ts-check
import { conditionOf } from "./station.js";

/** @typedef {import("./types.js").Station} Station */

/**
 * Columns of the table: how to sort by them; figures begin with the largest.
 * @type {Record<string, {label: string, hint: string, of: (station: Station) => string | number, down: boolean}>}
 */
export const COLUMNS = {
  name: { label: "Station", hint: "Name of the station", of: (s) => s.name, down: false },
  queue: { label: "Queue", hint: "Riders waiting", of: (s) => s.queue.length, down: true },
  charged: {
    label: "Charged",
    hint: "Packs that can be promised now, of all in the slots",
    of: (s) => s.charged_batteries,
    down: false,
  },
  wait: {
    label: "Wait",
    hint: "Minutes a rider who confirms now would wait, median",
    of: (s) => s.queue.estimated_wait_minutes?.p50 ?? 0,
    down: true,
  },
  state: {
    label: "State",
    hint: "Those that need attention first",
    of: (s) => conditionOf(s).rank,
    down: true,
  },
};

/**
 * @param {Iterable<Station>} stations
 * @param {string} by
 * @param {boolean} down
 */
export function sorted(stations, by, down) {
  return ordered(stations, COLUMNS[by].of, down, (station) => station.name);
}

/**
 * Rows by what `of` makes of them, and by `tie` where that is equal.
 * @template T
 * @param {Iterable<T>} rows
 * @param {(row: T) => string | number} of
 * @param {boolean} down
 * @param {(row: T) => string} tie
 */
export function ordered(rows, of, down, tie) {
  return [...rows].sort((a, b) => {
    const [left, right] = [of(a), of(b)];
    const order = typeof left === "string" ? left.localeCompare(String(right)) : left - Number(right);
    return (down ? -order : order) || tie(a).localeCompare(tie(b));
  });
}
