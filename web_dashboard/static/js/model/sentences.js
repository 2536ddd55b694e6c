// @ts-check
/**
 * Events in words. What is not listed here and looks like an alert or a job is told in general terms;
 * pure state (`station:updated`, `queue:changed`, ...) is not told at all.
 *
 * @typedef {import("./types.js").FeedRow} FeedRow
 * @typedef {import("./types.js").Part} Part
 * @typedef {{stations: Map<string, {name: string}>, names: Map<string, string>}} Names
 */

/** @param {string} template @param {any} payload @param {Names} names @returns {Part[]} */
function fill(template, payload, names) {
  return template
    .split(/(\{\w+\})/)
    .filter(Boolean)
    .map((piece) => part(piece, payload, names));
}

/** @param {string} piece @param {any} payload @param {Names} names @returns {Part} */
function part(piece, payload, names) {
  switch (piece) {
    case "{who}":
      return {
        text: payload.user_name ?? names.names.get(payload.user_id) ?? payload.user_id ?? "Somebody",
        is: "person",
      };
    case "{where}":
      return {
        text: names.stations.get(payload.station_id)?.name ?? payload.station_id,
        is: "station",
        id: payload.station_id,
      };
    case "{pack}":
      return { text: payload.battery_id ?? "A pack", is: "thing" };
    default:
      return { text: piece };
  }
}

const WHY_LEFT = {
  cancelled: "{who} left the queue at {where}",
  no_show: "{who} did not come to {where}",
  expired: "{who} did not come to the bay at {where} in time",
};

const PACK = {
  charged: "{pack} is charged at {where}",
  charging: "{pack} charges at {where}",
  quarantined: "{pack} is in quarantine at {where}",
  in_use: "{pack} leaves {where} with its rider",
  in_transit: "{pack} is on its way from {where}",
  retired: "{pack} is retired at {where}",
};

/** @type {Record<string, (payload: any) => [FeedRow["kind"], string, FeedRow["tone"]?] | null>} */
const TELL = {
  "queue:confirmed": (p) => [
    "queue",
    p.position ? `{who} takes place ${p.position} at {where}` : "{who} reserves at {where}",
  ],
  "queue:left": (p) => [
    "queue",
    /** @type {any} */ (WHY_LEFT)[p.state] ?? WHY_LEFT.cancelled,
    p.state === "cancelled" ? "plain" : "bad",
  ],
  "queue:called": () => ["queue", "{who} is called to the bay at {where}"],
  "queue:still-coming": () => ["queue", "{who} is asked whether they still come to {where}"],
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
    p.held
      ? "{pack} is promised at {where}"
      : (/** @type {any} */ (PACK)[p.state] ?? "{pack} changed at {where}"),
    p.state === "quarantined" ? "bad" : "plain",
  ],
};

const SILENT = new Set([
  "queue:updated",
  "queue:ended",
  "queue:changed",
  "staff:changed",
  "station:updated",
  "gps:positions",
  "stats:tick",
  "hub:session",
  "job:moved",
  "auth:expired",
]);

/** @param {string} name @returns {[FeedRow["kind"], string, FeedRow["tone"]?] | null} */
function general(name) {
  const words = name.replace(/[:_-]/g, " ");
  const said = words[0].toUpperCase() + words.slice(1);
  if (/^job:/.test(name)) return ["transport", said];
  if (/^(fault|ticket|alert|model|staff|diversion):/.test(name)) return ["alerts", said, "bad"];
  return null;
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
  const told = TELL[name] ? TELL[name](payload) : general(name);
  if (!told) return null;
  const [kind, words, tone = "plain"] = told;
  const template = TELL[name] || !payload.station_id ? words : `${words} at {where}`;
  const id = `${name} ${payload.id ?? `${payload.at} ${payload.entry_id ?? payload.battery_id ?? ""}`}`;
  return {
    id,
    at: payload.at ?? new Date().toISOString(),
    kind,
    tone,
    parts: fill(template, payload, names),
  };
}
