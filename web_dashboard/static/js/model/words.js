// @ts-check
/** What states and kinds are called. */

/** @type {Record<string, string>} */
export const JOB_STATES = {
  pending: "On offer",
  assigned: "To the packs",
  in_transit: "On the road",
  delivered: "Delivered",
  cancelled: "Cancelled",
  expired: "Expired",
};

/** @type {Record<string, string>} */
export const TICKET_STATES = {
  open: "Open",
  acknowledged: "Acknowledged",
  in_progress: "In progress",
  resolved: "Resolved",
  closed: "Closed",
};

/** @type {Record<string, string>} */
export const INCIDENT_STATES = {
  acting: "Runbook runs",
  assessed: "Assessed",
  ticketed: "With a ticket",
  cleared: "Reported gone",
  recovered: "Recovered",
  resolved: "Resolved",
};

/** @type {Record<string, string>} */
export const DIVERSION_STATES = {
  offered: "Asked",
  accepted: "On the way",
  arrived: "There",
};

/** The worst last. */
export const SEVERITIES = ["low", "medium", "high", "critical"];

/** `charger_fault` for people. @param {string | null | undefined} slug */
export function spaced(slug) {
  return (slug ?? "").replaceAll("_", " ");
}

/** The end of an id, which is what differs. @param {unknown} id */
export function shortId(id) {
  return String(id).slice(-6);
}

/** As the beginning of a sentence. @param {string} words */
export function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
