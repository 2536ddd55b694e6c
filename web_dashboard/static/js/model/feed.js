// @ts-check
/** @typedef {import("./types.js").FeedRow} FeedRow @typedef {import("./types.js").FeedKind} FeedKind */

/** @type {{kind: FeedKind, label: string}[]} */
export const KINDS = [
  { kind: "queue", label: "Queue" },
  { kind: "arrivals", label: "Arrivals" },
  { kind: "swaps", label: "Swaps" },
  { kind: "credits", label: "Credits" },
  { kind: "packs", label: "Packs" },
  { kind: "transport", label: "Transport" },
  { kind: "staff", label: "Staff" },
  { kind: "alerts", label: "Alerts" },
  { kind: "other", label: "Other" },
];

/** What has happened, newest first, at most `most` rows. */
export class FeedLog {
  /** @type {FeedRow[]} */
  rows = [];
  /** how many were ever added */
  total = 0;
  #most;

  constructor(most = 500) {
    this.#most = most;
  }

  /** @param {FeedRow} row */
  push(row) {
    this.total += 1;
    this.rows = [row, ...this.rows.slice(0, this.#most - 1)];
  }

  /** The log as it is now, which stays so. */
  still() {
    const copy = new FeedLog(this.#most);
    copy.rows = this.rows;
    copy.total = this.total;
    return copy;
  }

  /**
   * The newest rows of these kinds. A gap is of no kind, and always shown.
   * @param {ReadonlySet<FeedKind>} kinds
   * @param {number} most
   */
  pick(kinds, most) {
    const picked = [];
    for (const row of this.rows) {
      if (picked.length >= most) break;
      if (row.kind === "gap" || kinds.has(row.kind)) picked.push(row);
    }
    return picked;
  }
}
