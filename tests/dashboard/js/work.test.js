// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assignTicket,
  cancelJob,
  divert,
  newJob,
  resolveTicket,
} from "../../../web_dashboard/static/js/model/actions.js";
import { Wish, explain } from "../../../web_dashboard/static/js/model/problem.js";
import { Store } from "../../../web_dashboard/static/js/model/store.js";
import { countdown, dueAt, lapse, readClock } from "../../../web_dashboard/static/js/model/time.js";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const place = { lat: 12.97, lng: 77.57 };
let ids = 0;
const event = (/** @type {object} */ fields) => ({
  id: `event-${++ids}`,
  at: "2026-11-24T12:00:00Z",
  ...fields,
});
const job = (/** @type {number} */ version, /** @type {any} */ more = {}) => ({
  job_id: "j1",
  version,
  state: "pending",
  from: { kind: "station", id: "s1", name: "Majestic", location: place },
  to: { kind: "partner", id: "p1", name: "Shop", location: place },
  battery_count: 2,
  assignee_id: null,
  differences: [],
  ...more,
});
const taken = { state: "assigned", assignee_id: "transporter_001" };
const van = (/** @type {string} */ fix_at, /** @type {number} */ distance_left_m) => ({
  location: place,
  fix_at,
  distance_left_m,
  eta_minutes: 3,
});
const moved = (/** @type {number} */ version, /** @type {any} */ where) =>
  event({ job_id: "j1", version, assignee_id: "transporter_001", van: where });
const part = (/** @type {number} */ version, /** @type {string} */ state) => ({
  diversion_id: "d1",
  staff_id: "asha",
  staff_name: "Asha",
  from_station_id: "s1",
  to_station_id: "s2",
  state,
  version,
});
const on = (/** @type {string} */ staff_id, more = {}) => ({
  staff_id,
  name: staff_id,
  on_duty: true,
  ...more,
});
const station = (/** @type {string} */ id) => ({ id, name: id.toUpperCase(), location: place, version: 1 });

function fresh(snapshot = {}) {
  const store = new Store();
  store.reset({ stations: [station("s1"), station("s2")], ...snapshot });
  return store;
}

test("a job follows its way and is gone at its end, however often it is told", () => {
  const store = fresh({ jobs: [job(1)] });
  const steps = [
    ["job:accepted", job(2, taken)],
    ["job:accepted", job(2, taken)],
    ["job:created", job(1)],
    ["job:picked-up", job(3, { ...taken, state: "in_transit" })],
  ];
  for (const [name, told] of steps)
    store.apply(/** @type {string} */ (name), event(/** @type {any} */ (told)));
  assert.equal(store.work.jobs.get("j1")?.state, "in_transit");

  store.apply("job:completed", event(job(4, { ...taken, state: "delivered" })));
  store.apply("job:picked-up", event(job(3, { ...taken, state: "in_transit" })));
  assert.equal(store.work.jobs.size, 0);
});

test("events of a job that do not carry the job leave it alone", () => {
  const store = fresh({ jobs: [job(1)] });
  for (const name of ["job:offered", "job:declined", "job:differs", "job:taken"])
    store.apply(name, event({ job_id: "j1", version: 9, wave: 2 }));
  assert.equal(store.work.jobs.get("j1")?.version, 1);
});

test("what has ended comes back when it is taken up again, and not before", () => {
  const ticket = (/** @type {number} */ version, /** @type {string} */ status) =>
    event({ ticket_id: "t1", version, status, station_id: "s1", kind: "slot_jam" });
  const store = fresh();
  store.apply("ticket:changed", ticket(1, "open"));
  store.apply("ticket:changed", ticket(3, "resolved"));
  store.apply("ticket:changed", ticket(2, "acknowledged"));
  assert.equal(store.work.tickets.size, 0);
  store.apply("ticket:changed", ticket(4, "in_progress"));
  assert.equal(store.work.tickets.get("t1")?.status, "in_progress");
});

test("a van never moves backwards, belongs to its job's transporter, and forgets its way at the next end", () => {
  const store = fresh({
    jobs: [job(2, taken)],
    vans: [{ job_id: "j1", assignee_id: "transporter_001", van: van("2026-11-24T12:00:05Z", 900) }],
  });
  const left = () => store.work.vans.get("j1")?.distance_left_m;
  store.apply("job:moved", moved(2, van("2026-11-24T12:00:04Z", 990)));
  assert.equal(left(), 900);
  store.apply("job:moved", moved(2, van("2026-11-24T12:00:06Z", 800)));
  assert.equal(left(), 800);
  store.apply("job:moved", { ...moved(2, van("2026-11-24T12:00:09Z", 1)), assignee_id: "somebody" });
  assert.equal(left(), 800);
  assert.deepEqual(store.positions.get("transporter_001")?.at, "2026-11-24T12:00:06Z");

  store.apply("job:picked-up", event(job(3, { ...taken, state: "in_transit" })));
  assert.equal(left(), undefined);
  store.apply("job:moved", moved(2, van("2026-11-24T12:00:07Z", 5))); // of before the pickup
  assert.equal(left(), undefined);
});

test("crews and diversions are what was told last", () => {
  const store = fresh({
    staff: [{ station_id: "s1", items: [on("asha"), on("bina")] }],
    diversions: [part(1, "offered")],
  });
  store.apply("diversion:changed", event(part(2, "accepted")));
  store.apply("staff:changed", event({ station_id: "s1", version: 2, items: [on("bina")] }));
  store.apply(
    "staff:changed",
    event({ station_id: "s2", version: 2, items: [on("asha", { name: "Asha", expected_at: "x" })] }),
  );
  assert.deepEqual(
    [...store.work.crews.values()].map((crew) => crew.map(({ staff_id }) => staff_id)),
    [["bina"], ["asha"]],
  );
  assert.equal(store.names.get("asha"), "Asha");
  store.apply("diversion:changed", event(part(3, "returned")));
  assert.equal(store.work.diversions.size, 0);
});

test("listeners hear which part of the work has changed", () => {
  const store = fresh({ jobs: [job(2, taken)] });
  /** @type {string[][]} */
  const heard = [];
  store.subscribe((topics) => heard.push([...topics].sort()));
  store.apply("job:moved", moved(2, van("2026-11-24T12:00:06Z", 800)));
  store.apply("job:moved", moved(2, van("2026-11-24T12:00:05Z", 900)));
  store.apply("staff:changed", event({ station_id: "s1", version: 2, items: [] }));
  store.apply("fault:changed", event({ incident_id: "i", version: 1, state: "ticketed", station_id: "s1" }));
  assert.deepEqual(heard, [["positions", "vans"], ["staff"], ["incidents"]]);
});

test("clocks count by the hub's time, not by this machine's", () => {
  const store = fresh({ at: new Date(Date.now() - 3_600_000).toISOString() });
  assert.ok(Math.abs(Date.now() - 3_600_000 - store.now) < 1000);
});

test("a ticket's clock says what is left, what is over, and that it stands", () => {
  const clock = { limit_s: 600, due_at: null, remaining_s: null, met_at: null, escalated_percent: 0 };
  const due = (/** @type {number} */ s) => ({ ...clock, due_at: new Date(NOON + s * 1000).toISOString() });
  assert.deepEqual(readClock(due(150), NOON), { state: "running", share: 0.75, words: "2:30 left" });
  assert.deepEqual(readClock(due(-90), NOON), { state: "over", share: 1, words: "1 min over" });
  assert.equal(readClock({ ...clock, remaining_s: 300 }, NOON).words, "5:00 left, paused");
  assert.equal(readClock({ ...clock, met_at: "x", escalated_percent: 75 }, NOON).words, "in time");
  assert.equal(readClock({ ...clock, met_at: "x", escalated_percent: 100 }, NOON).words, "late");
  const clocks = { acknowledge: due(60), repair: due(600), paused_at: null, pause_reason: null };
  assert.equal(dueAt(/** @type {any} */ ({ clocks })), NOON + 60_000);
  assert.deepEqual([900, 59_000, 3_599_000, 3_600_000].map(countdown), ["0:01", "0:59", "59:59", "1 h"]);
  assert.deepEqual([NaN, 59_999, 61_000, 3 * 86_400_000].map(lapse), ["–", "59 s", "1 min", "3 d"]);
});

test("a job is ordered between stations and partners", () => {
  const { fields, payload } = newJob(fresh(), [{ partner_id: "p 1", name: "Shop" }]);
  const chosen = { from: "station s1", to: "partner p 1", battery_count: "3", priority: "5" };
  const [from, to] = fields(chosen);
  assert.deepEqual(
    from.options?.map(({ label }) => label),
    ["Choose …", "S1", "S2", "Shop (partner)"],
  );
  assert.ok(!to.options?.some(({ value }) => value === "station s1"));
  assert.deepEqual(payload(chosen), {
    from: { kind: "station", id: "s1" },
    to: { kind: "partner", id: "p 1" },
    battery_count: 3,
    priority: 5,
  });
  assert.deepEqual(cancelJob(/** @type {any} */ (job(1))).payload({ reason: "  " }), { job_id: "j1" });
});

test("only those who are there and not asked yet can be sent", () => {
  const crew = [on("asha"), on("bina"), on("chetan", { expected_at: "x" })];
  const store = fresh({ staff: [{ station_id: "s1", items: crew }], diversions: [part(1, "offered")] });
  const question = divert(store, { from: "s1", staff: "bina" });
  const values = { ...question.values, to: "s2", reason: " rain " };
  assert.deepEqual(question.fields(values)[1].options, [{ value: "bina", label: "bina" }]);
  assert.equal(question.refuse?.({ ...values, staff: ["asha"] }), "Choose at least one person.");
  assert.equal(question.review?.(values), "Ask bina to go from S1 to S2?");
  assert.deepEqual(question.payload({ ...values, staff: ["asha", "bina"] }), {
    from_station_id: "s1",
    to_station_id: "s2",
    staff_ids: ["bina"],
    reason: "rain",
  });
});

test("a ticket is given to somebody, taken off them, and resolved", () => {
  const store = fresh({ staff: [{ station_id: "s1", items: [on("asha")] }] });
  const ticket = /** @type {any} */ ({
    ticket_id: "t",
    station_id: "s1",
    kind: "slot_jam",
    assignee: "bina",
  });
  const { fields, values, payload, title } = assignTicket(store, ticket);
  assert.equal(title, "Slot jam at S1");
  assert.deepEqual(
    fields(values)[0].options?.map(({ label }) => label),
    ["Nobody", "bina (not on duty)", "asha"],
  );
  assert.deepEqual(payload({ assignee: "" }), { ticket_id: "t", assignee: null });
  const done = resolveTicket(store, ticket).payload({ note: "" });
  assert.deepEqual(done, { ticket_id: "t", status: "resolved" });
});

test("a refusal is the hub's sentence with its facts", () => {
  const message = "Some fields are missing.";
  const details = [{ path: "battery_count", message: "should be more" }];
  assert.equal(
    explain({ code: "validation_failed", message, details }).text,
    "Some fields are missing. battery count: should be more",
  );
  const few = {
    code: "not_enough_staff",
    message: "Too few.",
    details: { station_id: "s1", staff_minimum: 1 },
  };
  assert.equal(explain(few).text, "Too few. (station id: s1, staff minimum: 1)");
});

test("one wish has one request id until the hub has decided", () => {
  const wish = new Wish();
  const first = wish.idFor({ a: 1 });
  assert.match(first, /^[0-9a-f]{32}$/);
  assert.equal(wish.idFor({ a: 1 }), first);
  wish.answered({ code: "unavailable" });
  assert.equal(wish.idFor({ a: 1 }), first);
  assert.notEqual(wish.idFor({ a: 2 }), first);
  const second = wish.idFor({ a: 2 });
  wish.answered({ code: "conflict" }); // is kept, and would be answered again
  assert.notEqual(wish.idFor({ a: 2 }), second);
});
