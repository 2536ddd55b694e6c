// @ts-check
import { Open } from "./open.js";

/**
 * @typedef {import("./types.js").Job} Job
 * @typedef {import("./types.js").Van} Van
 * @typedef {import("./types.js").Ticket} Ticket
 * @typedef {import("./types.js").Incident} Incident
 * @typedef {import("./types.js").Diversion} Diversion
 * @typedef {import("./types.js").OnDuty} OnDuty
 * @typedef {"jobs" | "vans" | "incidents" | "tickets" | "staff" | "diversions"} WorkTopic
 */

const OPEN_JOB = new Set(["pending", "assigned", "in_transit"]);
const OPEN_TICKET = new Set(["open", "acknowledged", "in_progress"]);
const OPEN_INCIDENT = new Set(["acting", "assessed", "ticketed", "cleared"]);
const OPEN_DIVERSION = new Set(["offered", "accepted", "arrived"]);

/** The work of people in the network: jobs, tickets and their incidents, who is on duty and who is asked to move. */
export class Work {
  jobs = new Open(
    (/** @type {Job} */ job) => job.job_id,
    ({ state }) => OPEN_JOB.has(state),
  );
  tickets = new Open(
    (/** @type {Ticket} */ one) => one.ticket_id,
    ({ status }) => OPEN_TICKET.has(status),
  );
  incidents = new Open(
    (/** @type {Incident} */ one) => one.incident_id,
    ({ state }) => OPEN_INCIDENT.has(state),
  );
  diversions = new Open(
    (/** @type {Diversion} */ part) => part.diversion_id && `${part.diversion_id} ${part.staff_id}`,
    ({ state }) => OPEN_DIVERSION.has(state),
  );
  /** @type {Map<string, Van>} by job */
  vans = new Map();
  /** @type {Map<string, OnDuty[]>} by station */
  crews = new Map();

  /** @param {import("./types.js").Snapshot} snapshot */
  reset(snapshot) {
    this.jobs.reset(snapshot.jobs ?? []);
    this.tickets.reset(snapshot.tickets ?? []);
    this.incidents.reset(snapshot.incidents ?? []);
    this.diversions.reset(snapshot.diversions ?? []);
    this.vans = new Map((snapshot.vans ?? []).map(({ job_id, van }) => [job_id, van]));
    this.crews = new Map((snapshot.staff ?? []).map(({ station_id, items }) => [station_id, items]));
  }

  /**
   * Takes an event of work; null when it is none, or says nothing new.
   * @param {string} name
   * @param {any} told
   * @returns {WorkTopic | null}
   */
  take(name, told) {
    if (name === "job:moved") return this.#moved(told) ? "vans" : null;
    if (name === "staff:changed") return this.#crew(told) ? "staff" : null;
    if (name === "staff:diversion-offered" || name === "diversion:changed")
      return this.diversions.put(told) ? "diversions" : null;
    if (name === "ticket:changed") return this.tickets.put(told) ? "tickets" : null;
    if (name === "fault:raised" || name === "fault:changed")
      return this.incidents.put(told) ? "incidents" : null;
    if (name.startsWith("job:") && told.state !== undefined && told.from)
      return this.#job(told) ? "jobs" : null;
    return null;
  }

  /** @param {any} told */
  #job(told) {
    const before = this.jobs.get(told.job_id);
    if (!this.jobs.put(told)) return false;
    // Where it goes next has changed, and so has what is left of the way.
    if (before?.state !== told.state) this.vans.delete(told.job_id);
    return true;
  }

  /** @param {any} told */
  #moved(told) {
    const job = this.jobs.get(told.job_id);
    if (!told.van || !job || job.assignee_id !== told.assignee_id || told.version < job.version) return false;
    const before = this.vans.get(told.job_id);
    if (before && before.fix_at > told.van.fix_at) return false;
    this.vans.set(told.job_id, told.van);
    return true;
  }

  /** @param {any} told */
  #crew(told) {
    if (!told.station_id || !Array.isArray(told.items)) return false;
    this.crews.set(told.station_id, told.items);
    return true;
  }
}
