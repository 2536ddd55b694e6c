// @ts-check
/** @typedef {import("./types.js").Station} Station */

const NO_QUEUE = { length: 0, active: 0, capacity: 0, estimated_wait_minutes: null };
const NO_PACKS = { total: 0, charged: 0, charging: 0, quarantined: 0, held: 0 };

/**
 * A station as a snapshot or `station:updated` tells it. What is missing is kept from `before`.
 * @param {any} told
 * @param {Station | undefined} before
 * @returns {Station}
 */
export function stationFrom(told, before) {
  const batteries = { ...NO_PACKS, ...before?.batteries, ...told.batteries };
  return {
    id: told.station_id ?? told.id,
    name: told.station_name ?? told.name ?? before?.name ?? told.station_id ?? told.id,
    location: told.location ?? before?.location ?? { lat: NaN, lng: NaN },
    is_active: told.is_active ?? before?.is_active ?? true,
    version: told.version ?? before?.version ?? 0,
    queue: { ...NO_QUEUE, ...before?.queue, ...told.queue },
    batteries,
    available_slots: told.available_slots ?? before?.available_slots ?? 0,
    charged_batteries: told.charged_batteries ?? before?.charged_batteries ?? batteries.charged,
    staff_on_duty: told.staff_on_duty ?? before?.staff_on_duty ?? 0,
    predicted_load: told.predicted_load ?? before?.predicted_load ?? 0,
    predicted_fault_risk: told.predicted_fault_risk ?? before?.predicted_fault_risk ?? 0,
    open_tickets: told.open_tickets ?? before?.open_tickets ?? 0,
  };
}

/**
 * The packs in the slots, in parts that add up to the total.
 * @param {Station} station
 */
export function stock(station) {
  const { total, charged, charging, quarantined } = station.batteries;
  const free = Math.min(station.charged_batteries, total);
  const promised = Math.max(0, charged - free);
  const other = Math.max(0, total - free - promised - charging - quarantined);
  return { free, promised, charging, quarantined, other, total };
}

/**
 * @typedef {"ready" | "busy" | "low" | "empty" | "closed"} ConditionKey
 * @typedef {{key: ConditionKey, label: string, rank: number}} Condition
 */

/** @type {Record<ConditionKey, Condition>} */
export const CONDITIONS = {
  empty: { key: "empty", label: "No charged packs", rank: 4 },
  busy: { key: "busy", label: "Queue nearly full", rank: 3 },
  low: { key: "low", label: "Few charged packs", rank: 2 },
  closed: { key: "closed", label: "Closed", rank: 1 },
  ready: { key: "ready", label: "Ready", rank: 0 },
};

const LOW_PACKS = 3;
const LOW_SHARE = 0.1;
const BUSY_SHARE = 0.8;

/**
 * How a station is doing, in one word; the worst that is true.
 * @param {Station} station
 * @returns {Condition}
 */
export function conditionOf(station) {
  const { queue, charged_batteries: charged, batteries } = station;
  if (!station.is_active) return CONDITIONS.closed;
  if (charged <= 0) return CONDITIONS.empty;
  if (queue.capacity > 0 && queue.length + queue.active >= queue.capacity * BUSY_SHARE)
    return CONDITIONS.busy;
  if (charged <= Math.max(LOW_PACKS, batteries.total * LOW_SHARE)) return CONDITIONS.low;
  return CONDITIONS.ready;
}

/**
 * Whether a rider could confirm now, as far as packs go.
 * @param {Station} station
 */
export function canServe(station) {
  return station.is_active && station.charged_batteries > 0;
}

/**
 * A station in one sentence, for those who hear the map.
 * @param {Station} station
 */
export function spoken(station) {
  const { queue } = station;
  const waiting = `${queue.length} waiting`;
  const packs = `${station.charged_batteries} of ${station.batteries.total} packs charged`;
  return `${station.name}: ${waiting}, ${packs}, ${conditionOf(station).label.toLowerCase()}`;
}
