// @ts-check
/** Figures in words. No locale surprises: digits are grouped by a thin space, times are those of the reader. */

/** @param {number | null | undefined} value */
export function count(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** @param {number | null | undefined} minutes */
export function minutes(minutes) {
  if (minutes === null || minutes === undefined || Number.isNaN(minutes)) return "–";
  if (minutes < 0.5) return "now";
  if (minutes < 60) return `${Math.round(minutes)} min`;
  const rest = Math.round(minutes % 60);
  return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
}

/** @param {{p50: number, p90: number} | null | undefined} wait */
export function waitRange(wait) {
  if (!wait) return "–";
  const [low, high] = [Math.round(wait.p50), Math.round(wait.p90)];
  if (high < 1) return "now";
  return low === high ? `${high} min` : `${low}–${high} min`;
}

/** @param {number} ms age of the newest data */
export function age(ms) {
  if (!Number.isFinite(ms)) return "no data yet";
  if (ms < 1500) return "up to date";
  if (ms < 60_000) return `${Math.round(ms / 1000)} s old`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min old`;
  return `${Math.round(ms / 3_600_000)} h old`;
}

/** @param {number} share 0 to 1 */
export function percent(share) {
  return `${Math.round(share * 100)}\u202f%`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** @param {string} at RFC 3339 */
export function clock(at) {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? "" : CLOCK.format(time);
}

/** @param {number} n @param {string} one @param {string} [many] */
export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** @param {string} state of an entry */
export function entryState(state, called = false) {
  if (state === "active") return "Swapping";
  if (called) return "Called";
  return { confirmed: "On the way", approaching: "Near", arrived: "Here" }[state] ?? state;
}

/** @param {number} metres */
export function kilometres(metres) {
  return metres < 995 ? `${Math.round(metres / 10) * 10} m` : `${(metres / 1000).toFixed(1)} km`;
}
