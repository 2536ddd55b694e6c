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
 * @property {"promised" | "assigned" | "short"} [pack]
 * @property {number} version
 *
 * @typedef {{kind: "station" | "partner", id: string, name: string, location: LatLng}} JobEnd
 * @typedef {{location: LatLng, fix_at: string, distance_left_m: number, eta_minutes: number, trust?: number}} Van
 * @typedef {{at_end: "from" | "to", missing: string[], surplus: string[], noted_at: string}} Difference
 *
 * @typedef {object} Job
 * @property {string} job_id
 * @property {number} version
 * @property {string} state
 * @property {JobEnd} from
 * @property {JobEnd} to
 * @property {number} battery_count
 * @property {string[]} battery_ids
 * @property {string[]} loaded_ids
 * @property {Difference[]} differences
 * @property {number} distance_m
 * @property {number} credits
 * @property {number} priority
 * @property {string | null} assignee_id
 * @property {string | null} [assignee_name]
 * @property {string | null} [order_reason] why it was ordered, where that was said
 * @property {string} created_at
 * @property {string} expires_at
 * @property {string | null} assigned_at
 * @property {string | null} picked_up_at
 *
 * @typedef {{limit_s: number, due_at: string | null, remaining_s: number | null, met_at: string | null,
 *   escalated_percent: number}} Clock
 *
 * @typedef {object} Ticket
 * @property {string} ticket_id
 * @property {number} version
 * @property {string | null} incident_id
 * @property {string} station_id
 * @property {string | null} battery_id
 * @property {string} kind
 * @property {string | null} description
 * @property {string} status
 * @property {string} severity
 * @property {string | null} assignee
 * @property {{acknowledge: Clock, repair: Clock, paused_at: string | null, pause_reason: string | null}} clocks
 * @property {string} opened_at
 *
 * @typedef {{runbook: string, attempt: number, action: string, state: string, started_at: string, until: string}} Run
 * @typedef {{probability: number, reasons: {feature: string, effect: number}[], recommendation: string,
 *   source: string}} Analysis
 *
 * @typedef {object} Incident
 * @property {string} incident_id
 * @property {number} version
 * @property {string} station_id
 * @property {string | null} battery_id
 * @property {string} kind
 * @property {string} severity
 * @property {number} level
 * @property {string} state
 * @property {string | null} description
 * @property {number} reports
 * @property {string} raised_at
 * @property {Run[]} runs
 * @property {Analysis | null} analysis
 * @property {string | null} climbs_at
 * @property {string | null} ticket_id
 *
 * @typedef {{staff_id: string, name: string, on_duty: boolean, since: string, expected_at?: string | null}} OnDuty
 *
 * @typedef {object} Diversion
 * @property {string} diversion_id
 * @property {string} staff_id
 * @property {string} staff_name
 * @property {string} from_station_id
 * @property {string} to_station_id
 * @property {string} reason
 * @property {string} state
 * @property {string} expires_at
 * @property {string | null} expected_at
 * @property {string | null} arrived_at
 * @property {number} version
 *
 * @typedef {{user_id: string, lat: number, lng: number, at: string, role?: string | null, trust?: number}} Position
 * @typedef {{connections: number, events_per_s: number, open_entries: number, swaps_today: number,
 *   commands_per_s?: number}} Stats
 * @typedef {{at?: string, stations?: any[], entries?: any[], positions?: any[], stats?: any, jobs?: any[], vans?: any[],
 *   incidents?: any[], tickets?: any[], staff?: any[], diversions?: any[]}} Snapshot
 *
 * @typedef {"queue" | "arrivals" | "swaps" | "credits" | "packs" | "transport" |
 *   "staff" | "alerts" | "other" | "gap"} FeedKind
 * @typedef {{text: string, is?: "person" | "station" | "thing", id?: string}} Part
 * @typedef {{id: string, at: string, kind: FeedKind, tone: "plain" | "good" | "bad", parts: Part[]}} FeedRow
 */
export {};
