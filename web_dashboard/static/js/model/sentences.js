// @ts-check
/**
 * Events in words. What each says is in `telling.js`; what is not listed there is told by its name, so that nothing
 * happens unseen; pure state (`station:updated`, `queue:changed`, ...) is not told at all.
 */
import { SILENT, TELL } from "./telling.js";
import { capital, shortId, spaced } from "./words.js";

/**
 * @typedef {import("./types.js").FeedRow} FeedRow
 * @typedef {import("./types.js").Part} Part
 * @typedef {import("./telling.js").Told} Told
 * @typedef {{stations: Map<string, {name: string}>, names: Map<string, string>}} Names
 */

/** @param {string} template @param {any} payload @param {Names} names @returns {Part[]} */
function fill(template, payload, names) {
  const parts = template
    .split(/(\{\w+\})/)
    .filter(Boolean)
    .map((piece) => (PIECES[piece] ? PIECES[piece](payload, names) : { text: piece }));
  return parts.map((part, i) => (i === 0 && !part.is ? { ...part, text: capital(part.text) } : part));
}

/** @type {Record<string, (payload: any, names: Names) => Part>} */
const PIECES = {
  "{who}": (p, names) => person(p.user_id, p.user_name, names),
  "{staff}": (p, names) => person(p.staff_id, p.staff_name, names),
  "{carrier}": (p, names) => person(p.assignee_id, p.assignee_name, names),
  "{where}": (p, names) => station(p.station_id, names),
  "{here}": (p, names) => station(p.from_station_id, names),
  "{there}": (p, names) => station(p.to_station_id, names),
  "{from}": (p, names) => end(p.from, names),
  "{to}": (p, names) => end(p.to, names),
  "{pack}": (p) => ({ text: p.battery_id ?? "A pack", is: "thing" }),
  "{job}": (p) => ({ text: shortId(p.job_id), is: "thing" }),
  "{kind}": (p) => ({ text: spaced(p.kind) || "a fault" }),
};

/** @param {string | undefined} id @param {string | undefined} name @param {Names} names @returns {Part} */
function person(id, name, names) {
  return { text: name ?? names.names.get(id ?? "") ?? id ?? "Somebody", is: "person" };
}

/** @param {string} id @param {Names} names @returns {Part} */
function station(id, names) {
  return { text: names.stations.get(id)?.name ?? id ?? "a station", is: "station", id };
}

/** An end of a job: a station, or a partner. @param {any} told @param {Names} names @returns {Part} */
function end(told, names) {
  if (told?.kind === "station") return station(told.id, names);
  return { text: told?.name ?? told?.id ?? "a place", is: "thing" };
}

/** What an event that nobody has put into words says: its name. @param {string} name @param {any} payload @returns {Told} */
function general(name, payload) {
  const words = capital(name.replace(/[:_-]/g, " ")) + (payload.station_id ? " at {where}" : "");
  if (/^job:/.test(name)) return ["transport", words];
  if (/^(fault|ticket|alert|device):/.test(name)) return ["alerts", words, "bad"];
  if (/^(queue|waitlist):/.test(name)) return ["queue", words];
  return [/^(staff|diversion|shift):/.test(name) ? "staff" : "other", words];
}

/** Whether somebody has decided what an event says. @param {string} name */
export function isDeclared(name) {
  return Object.hasOwn(TELL, name) || SILENT.has(name);
}

/** Honest about what the list lacks. @returns {FeedRow} */
export function gapRow() {
  const at = new Date().toISOString();
  const text =
    "The connection was lost for a while. The figures are right again; what happened in between is not listed.";
  return { id: `gap ${at}`, at, kind: "gap", tone: "plain", parts: [{ text }] };
}

/**
 * The event as a row of the feed, or null when it is not told.
 * @param {string} name
 * @param {any} payload
 * @param {Names} names
 * @returns {FeedRow | null}
 */
export function sentence(name, payload, names) {
  if (SILENT.has(name)) return null;
  const told = Object.hasOwn(TELL, name) ? TELL[name](payload) : general(name, payload);
  if (!told) return null;
  const [kind, words, tone = "plain"] = told;
  const id = `${name} ${payload.id ?? `${payload.at} ${payload.entry_id ?? payload.battery_id ?? ""}`}`;
  const at = payload.at ?? new Date().toISOString();
  return { id, at, kind, tone, parts: fill(words, payload, names) };
}
