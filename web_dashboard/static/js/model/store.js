// @ts-check
import { Entries } from "./entries.js";
import { FeedLog } from "./feed.js";
import { positionFrom } from "./position.js";
import { Recent } from "./recent.js";
import { gapRow, sentence } from "./sentences.js";
import { stationFrom } from "./station.js";
import { Trend } from "./trend.js";
import { Work } from "./work.js";

/**
 * @typedef {import("./types.js").Station} Station
 * @typedef {import("./types.js").Position} Position
 * @typedef {import("./types.js").Snapshot} Snapshot
 * @typedef {"stations" | "entries" | "positions" | "stats" | "feed" | import("./work.js").WorkTopic} Topic
 */

const FIGURES = ["connections", "events_per_s", "open_entries", "swaps_today"];
/** @type {Topic[]} */
const ALL = [
  "stations",
  "entries",
  "positions",
  "stats",
  "feed",
  "jobs",
  "vans",
  "incidents",
  "tickets",
  "staff",
  "diversions",
];
const QUEUE_FIELDS = ["length", "active", "capacity", "estimated_wait_minutes"];

/** The network as this page knows it: a snapshot, then events. One store, many views. */
export class Store {
  /** @type {Map<string, Station>} */
  stations = new Map();
  entries = new Entries();
  work = new Work();
  /** @type {Map<string, Position>} */
  positions = new Map();
  /** @type {Record<string, number>} */
  stats = {};
  trends = Object.fromEntries(FIGURES.map((name) => [name, new Trend()]));
  feed = new FeedLog();
  /** @type {Map<string, string>} */
  names = new Map();
  #seen = new Recent();
  #ahead = 0; // ms by which this machine's clock is before the hub's
  /** @type {Set<(topics: Set<Topic>, event: string | null, payload: any) => void>} */
  #listeners = new Set();

  /** The hub's time, ms since the epoch: clocks that count down are its, not this machine's. */
  get now() {
    return Date.now() - this.#ahead;
  }

  /** @param {(topics: Set<Topic>, event: string | null, payload: any) => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @param {Snapshot} snapshot
   * @param {boolean} [gap] whether events may have been missed before it
   */
  reset(snapshot, gap = false) {
    if (gap) this.feed.push(gapRow());
    if (snapshot.at) this.#ahead = Date.now() - Date.parse(snapshot.at);
    this.stations = new Map((snapshot.stations ?? []).map((told) => [told.id, stationFrom(told, undefined)]));
    this.entries.reset(snapshot.entries ?? []);
    for (const { user_id, user_name } of snapshot.entries ?? []) this.#learn(user_id, user_name);
    this.work.reset(snapshot);
    for (const crew of this.work.crews.values()) this.#learnCrew(crew);
    for (const { staff_id, staff_name } of this.work.diversions.values()) this.#learn(staff_id, staff_name);
    this.positions.clear();
    this.#moved(snapshot.positions ?? []);
    this.#tick(snapshot.stats ?? {});
    this.#tell(new Set(ALL), null, snapshot);
  }

  /**
   * Takes one event. Seen before or older than what is known: nothing changes.
   * @param {string} name
   * @param {any} payload
   */
  apply(name, payload) {
    if (!payload || typeof payload !== "object") return;
    if (payload.id && !this.#seen.add(`${name} ${payload.id}`)) return;
    this.#learn(payload.user_id, payload.user_name);
    this.#learn(payload.staff_id, payload.staff_name);
    const row = sentence(name, payload, this);
    const topics = this.#change(name, payload);
    if (row) topics.add("feed");
    if (row) this.feed.push(row);
    if (topics.size) this.#tell(topics, name, payload);
  }

  /** @param {string} name @param {any} payload @returns {Set<Topic>} */
  #change(name, payload) {
    switch (name) {
      case "station:updated":
        return changed("stations", this.#station(payload));
      case "queue:changed":
        return changed("stations", this.#queue(payload));
      case "job:moved":
        return this.#van(payload);
      case "staff:changed":
        this.#learnCrew(payload.items ?? []);
        return told(this.work.take(name, payload));
      case "gps:positions":
        return changed("positions", this.#moved(payload.positions ?? []));
      case "stats:tick":
        return changed("stats", this.#tick(payload));
      case "queue:left":
      case "queue:ended":
      case "swap:completed":
      case "swap:cancelled":
        return changed("entries", this.entries.end(payload.entry_id));
      case "qr:scanned":
        return changed(
          "entries",
          this.#entry({ ...payload, state: "active", position: null, estimated_wait_minutes: null }),
        );
      case "queue:called":
        return changed("entries", this.#entry({ ...payload, called: true }));
      default:
        if (payload.entry_id === undefined) return told(this.work.take(name, payload));
        return changed("entries", payload.state !== undefined && this.#entry(payload));
    }
  }

  /** @param {any} payload the van is somewhere, and so is who drives it */
  #van(payload) {
    const topics = told(this.work.take("job:moved", payload));
    const { location, fix_at } = payload.van ?? {};
    if (location && this.#moved([{ user_id: payload.assignee_id, location, fix_at, role: "transporter" }]))
      topics.add("positions");
    return topics;
  }

  /** @param {any} told */
  #station(told) {
    const before = this.stations.get(told.station_id);
    if (!told.station_id || (before && told.version < before.version)) return false;
    this.stations.set(told.station_id, stationFrom(told, before));
    return true;
  }

  /** @param {any} told the queue's figures, at the station's version */
  #queue(told) {
    const before = this.stations.get(told.station_id);
    if (!before || told.version < before.version) return false;
    const queue = Object.fromEntries(QUEUE_FIELDS.map((field) => [field, told[field]]));
    const { version, station_id, available_slots } = told;
    this.stations.set(station_id, stationFrom({ version, station_id, available_slots, queue }, before));
    return true;
  }

  /** @param {any} told */
  #entry(told) {
    return this.entries.put({ user_name: this.names.get(told.user_id), ...told }, told.version ?? 0);
  }

  /** @param {any[]} positions */
  #moved(positions) {
    let any = false;
    for (const told of positions.map(positionFrom)) {
      const before = this.positions.get(told.user_id);
      if (before && before.at >= told.at) continue;
      this.positions.set(told.user_id, { ...told, role: told.role ?? before?.role });
      any = true;
    }
    return any;
  }

  /** @param {any} told */
  #tick(told) {
    for (const name of FIGURES) {
      if (typeof told[name] !== "number") continue;
      this.stats[name] = told[name];
      this.trends[name].push(told[name]);
    }
    return true;
  }

  /** @param {string | undefined} userId @param {string | undefined} name */
  #learn(userId, name) {
    if (userId && name) this.names.set(userId, name);
  }

  /** @param {import("./types.js").OnDuty[]} crew */
  #learnCrew(crew) {
    for (const { staff_id, name } of crew) this.#learn(staff_id, name);
  }

  /** @param {Set<Topic>} topics @param {string | null} event @param {any} payload */
  #tell(topics, event, payload) {
    for (const listener of this.#listeners) listener(topics, event, payload);
  }
}

/** @param {Topic} topic @param {boolean} is @returns {Set<Topic>} */
function changed(topic, is) {
  return new Set(is ? [topic] : []);
}

/** @param {Topic | null} topic @returns {Set<Topic>} */
function told(topic) {
  return new Set(topic ? [topic] : []);
}
