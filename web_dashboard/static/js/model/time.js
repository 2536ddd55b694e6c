// @ts-check
import { minutes } from "./format.js";

/** How long, in words. @param {number} ms */
export function lapse(ms) {
  const seconds = Math.max(0, ms / 1000);
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 48 * 3600) return minutes(Math.floor(seconds / 60));
  return `${Math.floor(seconds / 86_400)} d`;
}

/** How much is left, to the second within the hour. @param {number} ms */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds >= 3600) return lapse(ms);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * @typedef {import("./types.js").Clock} Clock
 * @typedef {{state: "running" | "paused" | "over" | "met" | "none", share: number, words: string}} Reading
 */

/**
 * A ticket's clock as it stands now.
 * @param {Clock} clock
 * @param {number} now ms since the epoch, by the hub's time
 * @returns {Reading}
 */
export function readClock({ limit_s, due_at, remaining_s, met_at, escalated_percent }, now) {
  if (met_at)
    return {
      state: "met",
      share: escalated_percent / 100,
      words: escalated_percent < 100 ? "in time" : "late",
    };
  if (remaining_s !== null)
    return {
      state: "paused",
      share: shareOf(remaining_s * 1000, limit_s),
      words: `${left(remaining_s * 1000)}, paused`,
    };
  if (!due_at) return { state: "none", share: 0, words: "–" };
  const rest = Date.parse(due_at) - now;
  if (rest <= 0) return { state: "over", share: 1, words: `${lapse(-rest)} over` };
  return { state: "running", share: shareOf(rest, limit_s), words: left(rest) };
}

/** @param {number} ms */
function left(ms) {
  return ms < 0 ? `${lapse(-ms)} over` : `${countdown(ms)} left`;
}

/** How much of a limit is used. @param {number} restMs @param {number} limit_s */
function shareOf(restMs, limit_s) {
  return Math.min(1, Math.max(0, 1 - restMs / 1000 / limit_s));
}

/** When a ticket needs somebody next, ms since the epoch; a clock that stands is far away. @param {import("./types.js").Ticket} ticket */
export function dueAt({ clocks }) {
  const due = [clocks.acknowledge.due_at, clocks.repair.due_at]
    .filter(Boolean)
    .map((at) => Date.parse(at ?? ""));
  return due.length ? Math.min(...due) : Number.MAX_SAFE_INTEGER;
}
