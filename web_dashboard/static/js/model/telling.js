// @ts-check
/**
 * What each event says: a kind, a template, a tone; null where another event says it already. Pieces in braces are
 * filled in from the payload by `sentences.js`, so that text of the network stays text.
 *
 * @typedef {import("./types.js").FeedRow} FeedRow
 * @typedef {[FeedRow["kind"], string, FeedRow["tone"]?]} Told
 */
import { plural } from "./format.js";
import { spaced } from "./words.js";

/** @type {Record<string, string>} */
const WHY_LEFT = {
  cancelled: "{who} left the queue at {where}",
  no_show: "{who} did not come to {where}",
  expired: "{who} did not come to the bay at {where} in time",
};

/** A turn on a waitlist; one that is taken is told by its reservation. @type {Record<string, Told>} */
const TURN = {
  lapsed: ["queue", "{who} did not take the place at {where} in time", "bad"],
  left: ["queue", "{who} waits for a place at {where} no more"],
  ended: ["queue", "{who} can wait at {where} no longer", "bad"],
};

/** @type {Record<string, string>} */
const PACK = {
  charged: "{pack} is charged at {where}",
  charging: "{pack} charges at {where}",
  quarantined: "{pack} is in quarantine at {where}",
  in_use: "{pack} leaves {where} with its rider",
  in_transit: "{pack} is on its way from {where}",
  retired: "{pack} is retired at {where}",
};

/** @type {Record<string, Told>} */
const FAULT = {
  acting: ["alerts", "The hub tries to mend {kind} at {where}"],
  assessed: ["alerts", "{kind} at {where} was not mended; a person may be needed", "bad"],
  cleared: ["alerts", "{kind} at {where} is reported gone; its ticket stays open"],
  recovered: ["alerts", "{kind} at {where} has recovered", "good"],
  resolved: ["alerts", "{kind} at {where} is resolved", "good"],
};

/** @type {Record<string, Told>} */
const TICKET = {
  acknowledged: ["alerts", "The ticket for {kind} at {where} is acknowledged"],
  in_progress: ["alerts", "Somebody works on {kind} at {where}"],
  resolved: ["alerts", "The ticket for {kind} at {where} is resolved", "good"],
  closed: ["alerts", "The ticket for {kind} at {where} is closed"],
};

/** @type {Record<string, Told>} */
const DIVERSION = {
  accepted: ["staff", "{staff} goes from {here} to {there}", "good"],
  arrived: ["staff", "{staff} has arrived at {there}"],
  declined: ["staff", "{staff} stays at {here}", "bad"],
  lapsed: ["staff", "{staff} did not answer and stays at {here}", "bad"],
  withdrawn: ["staff", "{staff} is asked no more: their shift has ended"],
  returned: ["staff", "{staff} is back at {here}"],
  ended: ["staff", "{staff} helps at {there} no more"],
};

/** @param {any} p @returns {Told} */
function alert(p) {
  if (p.alert === "ticket_opened")
    return ["alerts", "{kind} at {where} needs a person: a ticket is open", "bad"];
  if (p.alert === "ticket_clock")
    return ["alerts", `${p.percent} % of the time to ${p.clock} {kind} at {where} is gone`, "bad"];
  if (p.alert === "load_spike") return ["alerts", "{where} will be nearly full within an hour", "bad"];
  if (p.alert === "stock_low")
    return ["alerts", "{where} may run out of charged packs within an hour", "bad"];
  if (p.alert === "critical_fault") return ["alerts", "Critical: {kind} at {where}", "bad"];
  return ["alerts", `Alert: ${spaced(p.alert)}, {kind} at {where}`, "bad"];
}

/** @type {Record<string, (payload: any) => Told | null>} */
export const TELL = {
  "queue:confirmed": (p) => [
    "queue",
    p.position ? `{who} takes place ${p.position} at {where}` : "{who} reserves at {where}",
  ],
  "queue:left": (p) => [
    "queue",
    WHY_LEFT[p.state] ?? WHY_LEFT.cancelled,
    p.state === "cancelled" ? "plain" : "bad",
  ],
  "queue:called": () => ["queue", "{who} is called to the bay at {where}"],
  "queue:still-coming": () => ["queue", "{who} is asked whether they still come to {where}"],
  "waitlist:updated": (p) =>
    p.version === 1 ? ["queue", "{who} waits for a place at {where}"] : (TURN[p.state] ?? null),
  "queue:offered": () => ["queue", "{who} is offered a place at {where}"],
  "customer:approaching": () => ["arrivals", "{who} is near {where}"],
  "customer:arrived": () => ["arrivals", "{who} has arrived at {where}"],
  "customer:left": () => ["arrivals", "{who} moves away from {where}"],
  "qr:scanned": () => ["swaps", "{who} is scanned in at {where}"],
  "swap:completed": (p) => [
    "swaps",
    p.old_battery_health === "faulty" ? "{who} swapped a faulty pack at {where}" : "{who} swapped at {where}",
    p.old_battery_health === "faulty" ? "bad" : "good",
  ],
  "swap:cancelled": () => ["swaps", "{who}’s swap at {where} was stopped", "bad"],
  "credits:awarded": (p) => ["credits", `{who} earns ${p.amount} credits`],
  "battery:changed": (p) => [
    "packs",
    p.held ? "{pack} is promised at {where}" : (PACK[p.state] ?? "{pack} changed at {where}"),
    p.state === "quarantined" ? "bad" : "plain",
  ],
  "job:created": (p) => ["transport", `${plural(p.battery_count, "pack")} to go from {from} to {to}`],
  "rebalancing:suggested": (p) => [
    "transport",
    `${plural(p.battery_count, "pack")} should go from {from} to {to}`,
  ],
  "job:offered": (p) => [
    "transport",
    `The job from {from} to {to} is offered${p.wave > 1 ? " to more" : ""}`,
  ],
  "job:declined": () => ["transport", "{who} does not want job {job}"],
  "job:accepted": () => ["transport", "{carrier} takes the job from {from} to {to}"],
  "job:picked-up": (p) => [
    "transport",
    `{carrier} has ${plural(p.loaded_ids?.length ?? 0, "pack")} of {from} aboard, for {to}`,
  ],
  "job:completed": (p) => [
    "transport",
    `{carrier} brought ${plural(p.delivered_ids?.length ?? 0, "pack")} from {from} to {to}`,
    "good",
  ],
  "job:released": () => ["transport", "The job from {from} to {to} is on offer again", "bad"],
  "job:cancelled": () => ["transport", "The job from {from} to {to} was cancelled", "bad"],
  "job:expired": () => ["transport", "Nobody took the job from {from} to {to}", "bad"],
  "job:differs": (p) => [
    "transport",
    `Job {job}: ${p.missing?.length ?? 0} missing, ${p.surplus?.length ?? 0} too many`,
    "bad",
  ],
  "shift:started": (p) => [
    "staff",
    p.expected_at ? "{staff} is on the way to {where}" : "{staff} is on duty at {where}",
  ],
  "shift:ended": () => ["staff", "{staff} goes off duty at {where}"],
  "staff:diversion-offered": () => ["staff", "{staff} is asked to go from {here} to {there}"],
  "diversion:changed": (p) => DIVERSION[p.state] ?? null,
  "fault:raised": (p) => ["alerts", `${p.severity} fault at {where}: {kind}`, "bad"],
  "fault:changed": (p) => FAULT[p.state] ?? null,
  "ticket:changed": (p) => TICKET[p.status] ?? null,
  "alert:raised": alert,
  "device:command": (p) => ["alerts", `The hub tells the controller of {where}: ${spaced(p.command)}`],
  "profile:changed": () => ["other", "The record of {who} was changed"],
  "partner:changed": (p) => ["other", `Partner ${p.partner_name ?? p.name ?? p.partner_id} was changed`],
  "hub:closing": () => ["other", "The hub stops, and the page comes back when it does", "bad"],
};

/** State alone, or told by another event. */
export const SILENT = new Set([
  "queue:updated",
  "queue:ended",
  "queue:changed",
  "staff:changed",
  "station:updated",
  "gps:positions",
  "stats:tick",
  "hub:session",
  "job:moved",
  "job:incoming", // as `job:accepted`
  "job:taken",
  "auth:expired",
  "room:changed",
]);
