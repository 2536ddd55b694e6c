// @ts-check
/** @typedef {import("./types.js").Entry} Entry */

const ENDED = new Set(["completed", "cancelled", "no_show", "expired"]);
const FIELDS = [
  "user_name",
  "state",
  "position",
  "estimated_wait_minutes",
  "vehicle",
  "called",
  "pack",
  "station_id",
];
const TOMBSTONES = 2000;

/** Open entries of the network. Events may come twice and late: an ended entry never comes back. */
export class Entries {
  /** @type {Map<string, Entry>} */
  #open = new Map();
  /** @type {Set<string>} */
  #ended = new Set();

  get size() {
    return this.#open.size;
  }

  /** @param {any[]} told */
  reset(told) {
    this.#open.clear();
    this.#ended.clear();
    for (const one of told) this.put(one, one.version ?? 0);
  }

  /** @param {string} id */
  get(id) {
    return this.#open.get(id);
  }

  /**
   * Takes what an event says of an entry. False when it says nothing new.
   * @param {any} told
   * @param {number} version
   */
  put(told, version) {
    const id = told.entry_id;
    if (!id || this.#ended.has(id)) return false;
    if (ENDED.has(told.state)) return this.end(id);
    const before = this.#open.get(id);
    if (before && version < before.version) return false;
    this.#open.set(id, merged(before, told, version));
    return true;
  }

  /** @param {string | undefined} id */
  end(id) {
    if (!id) return false;
    this.#ended.add(id);
    if (this.#ended.size > TOMBSTONES)
      this.#ended.delete(/** @type {string} */ (this.#ended.values().next().value));
    return this.#open.delete(id);
  }

  /**
   * Those at a station: being served first, then in the order of the queue.
   * @param {string} stationId
   */
  at(stationId) {
    const here = [...this.#open.values()].filter((entry) => entry.station_id === stationId);
    return here.sort((a, b) => (a.position ?? 0) - (b.position ?? 0) || (a.entry_id < b.entry_id ? -1 : 1));
  }

  /** Users with an open entry, and where. @returns {Map<string, string>} */
  stationsByUser() {
    return new Map([...this.#open.values()].map((entry) => [entry.user_id, entry.station_id]));
  }
}

/** @param {Entry | undefined} before @param {any} told @param {number} version @returns {Entry} */
function merged(before, told, version) {
  /** @type {any} */
  const entry = before
    ? { ...before, version }
    : {
        position: null,
        estimated_wait_minutes: null,
        vehicle: null,
        called: false,
        state: "confirmed",
        version,
      };
  entry.entry_id = told.entry_id;
  entry.user_id = told.user_id ?? before?.user_id;
  for (const field of FIELDS) if (told[field] !== undefined) entry[field] = told[field];
  if (told.called_at !== undefined) entry.called = told.called_at !== null;
  entry.user_name ??= entry.user_id;
  return entry;
}
