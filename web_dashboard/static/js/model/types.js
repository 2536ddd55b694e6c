// @ts-check
/**
 * Shapes of the wire, as docs/generated/asyncapi describes them.
 *
 * @typedef {{lat: number, lng: number}} LatLng
 * @typedef {{p50: number, p90: number}} Wait
 * @typedef {{length: number, active: number, capacity: number, estimated_wait_minutes: Wait | null}} QueueCounts
 * @typedef {{total: number, charged: number, charging: number, quarantined: number, held: number}} BatteryCounts
 *
 * @typedef {object} Station
 * @property {string} id
 * @property {string} name
 * @property {LatLng} location
 * @property {boolean} is_active
 * @property {number} version
 * @property {QueueCounts} queue
 * @property {BatteryCounts} batteries
 * @property {number} available_slots places free in the queue
 * @property {number} charged_batteries packs that can be promised now
 * @property {number} staff_on_duty
 * @property {number} predicted_load 0 to 1
 * @property {number} predicted_fault_risk 0 to 1
 * @property {number} open_tickets
 *
 * @typedef {object} Entry
 * @property {string} entry_id
 * @property {string} station_id
 * @property {string} user_id
 * @property {string} user_name
 * @property {string} state
 * @property {number | null} position
 * @property {Wait | null} estimated_wait_minutes
 * @property {{id: string, model?: string | null} | null} vehicle
 * @property {boolean} called
 * @property {number} version
 *
 * @typedef {{user_id: string, lat: number, lng: number, at: string, role?: string | null}} Position
 * @typedef {{connections: number, events_per_s: number, open_entries: number, swaps_today: number,
 *   commands_per_s?: number}} Stats
 * @typedef {{stations?: any[], entries?: any[], positions?: any[], stats?: any}} Snapshot
 *
 * @typedef {"queue" | "arrivals" | "swaps" | "credits" | "packs" | "transport" | "alerts" | "gap"} FeedKind
 * @typedef {{text: string, is?: "person" | "station" | "thing", id?: string}} Part
 * @typedef {{id: string, at: string, kind: FeedKind, tone: "plain" | "good" | "bad", parts: Part[]}} FeedRow
 */
export {};
