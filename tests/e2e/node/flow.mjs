// @ts-check
/**
 * The consumer flow with the official client: recommend, confirm, drive, arrive, scan, swap, credits.
 * Reads {url, transports, tokens: {rider, stranger, staff, otherStaff, admin}, station} as JSON from
 * stdin; prints {answers, heard: {who: [[event, payload], ...]}} as JSON. A step that is not answered
 * within its deadline ends the process with 1.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../engine/node/package.json", import.meta.url));
const { io } = require("socket.io-client");

const DEADLINE_MS = 5000;
const { url, transports, tokens, station } = JSON.parse(readFileSync(0, "utf8"));

/** @type {Record<string, any>} */
const sockets = {};
/** @type {Record<string, [string, any][]>} */
const heard = {};
/** @type {Record<string, any>} */
const answers = {};

/** @param {string} who @param {string} event */
function until(who, event) {
  const seen = heard[who].find(([name]) => name === event);
  if (seen) return Promise.resolve(seen[1]);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${who} never heard ${event}`)), DEADLINE_MS);
    sockets[who].once(event, (/** @type {any} */ payload) => {
      clearTimeout(timer);
      resolve(payload);
    });
  });
}

/** @param {string} who @param {string} event @param {object} [payload] */
async function call(who, event, payload) {
  const answer = await sockets[who].timeout(DEADLINE_MS).emitWithAck(event, ...(payload ? [payload] : []));
  answers[`${who} ${event}`] = answer;
  return answer.data;
}

/** @param {string} who @param {string} token */
function connect(who, token) {
  const options = { auth: { token }, forceNew: true, reconnection: false };
  const socket = io(url, transports ? { ...options, transports } : options);
  sockets[who] = socket;
  heard[who] = [];
  socket.onAny((event, payload) => heard[who].push([event, payload]));
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
}

/** @param {number} metres how far north of the station */
function north(metres) {
  return { lat: station.lat + metres / 111195, lng: station.lng, accuracy: 5 };
}

/** Four fixes that the phone kept while it had no network, then one as it happens. */
async function drive() {
  const ago = (/** @type {number} */ s) => new Date(Date.now() - s * 1000).toISOString();
  const kept = [1500, 900, 700, 300].map((metres, n) => ({ ...north(metres), at: ago(120 - 30 * n) }));
  await call("rider", "gps:batch", { pings: kept });
  await call("rider", "gps:ping", north(100));
}

async function flow() {
  for (const [who, token] of Object.entries(tokens)) await connect(who, token);
  await until("rider", "hub:session");
  await call("staff", "room:join", { room: `station:${station.id}:staff` });
  await call("stranger", "room:join", { room: `station:${station.id}` });
  await call("admin", "room:join", { room: "admin" });
  await call("rider", "recommend", { location: north(1500), battery_level: 22 });
  const place = await call("rider", "queue:confirm", { station_id: station.id, location: north(1500) });
  await drive();
  await until("rider", "queue:called");
  const begun = await call("staff", "qr:verify", { token: place.qr_token });
  await until("rider", "qr:scanned");
  await call("staff", "swap:complete", {
    swap_id: begun.swap_id,
    old_battery_id: begun.old_battery_id,
    new_battery_id: begun.assigned_battery.id,
    old_battery_health: "healthy",
    old_battery_soc: 18,
  });
  for (const event of ["swap:completed", "credits:awarded", "queue:ended"]) await until("rider", event);
  await until("admin", "swap:completed");
  await until("stranger", "station:updated");
  await call("rider", "queue:mine");
}

try {
  await flow();
  process.stdout.write(JSON.stringify({ answers, heard, transport: sockets.rider.io.engine.transport.name }));
} catch (error) {
  process.stderr.write(`${error}\n${JSON.stringify(answers)}\n`);
  process.exitCode = 1;
} finally {
  for (const socket of Object.values(sockets)) socket.disconnect();
}
