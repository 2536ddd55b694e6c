// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Digest } from "../../../web_dashboard/static/js/model/digest.js";
import { FeedLog } from "../../../web_dashboard/static/js/model/feed.js";
import {
  age,
  clock,
  count,
  entryState,
  minutes,
  percent,
  plural,
  waitRange,
} from "../../../web_dashboard/static/js/model/format.js";
import { gapRow, isDeclared, sentence } from "../../../web_dashboard/static/js/model/sentences.js";
import { sorted } from "../../../web_dashboard/static/js/model/sorting.js";
import {
  canServe,
  conditionOf,
  spoken,
  stationFrom,
  stock,
} from "../../../web_dashboard/static/js/model/station.js";
import { Trend, sparkline } from "../../../web_dashboard/static/js/model/trend.js";

const names = {
  stations: new Map([["station_001", { name: "Majestic" }]]),
  names: new Map([["consumer_001", "Aditi Naik"]]),
};
const say = (/** @type {string} */ name, /** @type {any} */ payload) => {
  const row = sentence(
    name,
    { id: "1", at: "2026-11-24T10:00:00Z", station_id: "station_001", user_id: "consumer_001", ...payload },
    names,
  );
  return row && row.parts.map(({ text }) => text).join("");
};
const station = (/** @type {any} */ more = {}) =>
  stationFrom(
    {
      id: "s",
      name: "Majestic",
      location: { lat: 12, lng: 77 },
      is_active: true,
      version: 1,
      queue: { length: 2, active: 1, capacity: 20, estimated_wait_minutes: { p50: 4, p90: 7 } },
      batteries: { total: 40, charged: 15, charging: 23, quarantined: 1, held: 3 },
      charged_batteries: 12,
      ...more,
    },
    undefined,
  );

test("figures are written for people", () => {
  assert.equal(count(1234567), "1\u202f234\u202f567");
  assert.equal(count(undefined), "–");
  assert.equal(minutes(0.2), "now");
  assert.equal(minutes(7.6), "8 min");
  assert.equal(minutes(125), "2 h 5 min");
  assert.equal(waitRange({ p50: 4.2, p90: 7.4 }), "4–7 min");
  assert.equal(waitRange({ p50: 0, p90: 0.4 }), "now");
  assert.equal(waitRange(null), "–");
  assert.equal(percent(0.256), "26\u202f%");
  assert.equal(plural(1, "station"), "1 station");
  assert.equal(plural(24, "station"), "24 stations");
  assert.equal(clock("nonsense"), "");
  assert.equal(entryState("arrived", true), "Called");
  assert.equal(entryState("approaching"), "Near");
});

test("the age of the data is said from fresh to stale", () => {
  assert.deepEqual([NaN, 200, 9000, 130_000, 7_300_000].map(age), [
    "no data yet",
    "up to date",
    "9 s old",
    "2 min old",
    "2 h old",
  ]);
});

test("events are told as sentences with names", () => {
  assert.equal(say("queue:confirmed", { position: 3 }), "Aditi Naik takes place 3 at Majestic");
  assert.equal(say("queue:left", { state: "no_show" }), "Aditi Naik did not come to Majestic");
  assert.equal(say("swap:completed", { old_battery_health: "healthy" }), "Aditi Naik swapped at Majestic");
  assert.equal(say("credits:awarded", { amount: 10 }), "Aditi Naik earns 10 credits");
  assert.equal(
    say("battery:changed", { battery_id: "battery_007", state: "charged", held: false }),
    "battery_007 is charged at Majestic",
  );
  assert.equal(
    say("queue:confirmed", { user_id: "consumer_999", position: 1 }),
    "consumer_999 takes place 1 at Majestic",
  );
});

test("work is told as sentences with names", () => {
  const job = {
    station_id: undefined,
    from: { kind: "station", id: "station_001", name: "As it was called" },
    to: { kind: "partner", id: "shop_001", name: "Shop" },
    assignee_id: "transporter_001",
  };
  assert.equal(say("job:created", { ...job, battery_count: 1 }), "1 pack to go from Majestic to Shop");
  assert.equal(
    say("job:picked-up", { ...job, loaded_ids: ["a", "b"] }),
    "transporter_001 has 2 packs of Majestic aboard, for Shop",
  );
  const asked = { staff_id: "s", staff_name: "Uma Rao", from_station_id: "station_001", to_station_id: "x" };
  assert.equal(say("staff:diversion-offered", asked), "Uma Rao is asked to go from Majestic to x");
  assert.equal(
    say("diversion:changed", { ...asked, state: "lapsed" }),
    "Uma Rao did not answer and stays at Majestic",
  );
  assert.equal(
    say("fault:raised", { severity: "high", kind: "charger_fault" }),
    "High fault at Majestic: charger fault",
  );
  assert.equal(
    say("alert:raised", { alert: "ticket_clock", kind: "slot_jam", clock: "repair", percent: 75 }),
    "75 % of the time to repair slot jam at Majestic is gone",
  );
  assert.equal(say("alert:raised", { alert: "load_spike" }), "Majestic will be nearly full within an hour");
  assert.equal(
    say("rebalancing:suggested", {
      from: { kind: "station", id: "station_001" },
      to: { kind: "partner", id: "shop_002" },
      battery_count: 4,
    }),
    "4 packs should go from Majestic to shop_002",
  );
  assert.equal(say("fault:changed", { state: "ticketed", kind: "slot_jam" }), null);
});

test("an event that nobody has put into words is told by its name, state alone is not told", () => {
  assert.equal(say("unheard:of-before", {}), "Unheard of before at Majestic");
  assert.equal(say("job:repainted", { station_id: undefined }), "Job repainted");
  assert.equal(say("constructor", { station_id: undefined }), "Constructor");
  for (const name of ["station:updated", "queue:updated", "stats:tick", "hub:session", "job:moved"])
    assert.equal(say(name, {}), null);
});

test("somebody has decided of every event that the hub declares what it says", () => {
  const file = new URL("../../../docs/generated/asyncapi.json", import.meta.url);
  const { operations } = JSON.parse(readFileSync(file, "utf8"));
  const events = Object.keys(operations)
    .filter((id) => operations[id].action === "send")
    .map((id) => id.replace(/\.event$/, "")); // of those that have the name of an operation
  assert.ok(events.length > 40, `${events.length} events`);
  assert.deepEqual(
    events.filter((name) => !isDeclared(name)),
    [],
  );
});

test("text of the network stays text", () => {
  const row = sentence(
    "queue:confirmed",
    { id: "1", at: "x", user_id: "u", user_name: "{where}<b>", station_id: "station_001", position: 1 },
    names,
  );
  assert.deepEqual(row?.parts[0], { text: "{where}<b>", is: "person" });
});

test("the feed keeps the newest rows, and no more than it may", () => {
  const feed = new FeedLog(3);
  for (const [i, kind] of /** @type {any[]} */ ([
    [1, "queue"],
    [2, "swaps"],
    [3, "queue"],
    [4, "packs"],
  ]))
    feed.push({ id: String(i), at: "", kind, tone: "plain", parts: [] });
  assert.deepEqual(
    feed.rows.map(({ id }) => id),
    ["4", "3", "2"],
  );
  assert.deepEqual(
    feed.pick(new Set(["queue", "swaps"]), 10).map(({ id }) => id),
    ["3", "2"],
  );
  const still = feed.still();
  feed.push({ ...gapRow(), id: "5" });
  assert.deepEqual(
    feed.pick(new Set(), 10).map(({ id }) => id),
    ["5"],
  );
  assert.deepEqual([still.rows.length, still.total, feed.total], [3, 4, 5]);
});

test("the parts of a stock add up to the packs in the slots", () => {
  const { free, promised, charging, quarantined, other, total } = stock(station());
  assert.deepEqual([free, promised, charging, quarantined, other], [12, 3, 23, 1, 1]);
  assert.equal(free + promised + charging + quarantined + other, total);
});

test("a station's condition is the worst that is true", () => {
  const of = (/** @type {any} */ more) => conditionOf(station(more)).key;
  assert.equal(of({}), "ready");
  assert.equal(of({ charged_batteries: 4 }), "low");
  assert.equal(of({ charged_batteries: 0 }), "empty");
  assert.equal(of({ queue: { length: 15, active: 1, capacity: 20, estimated_wait_minutes: null } }), "busy");
  assert.equal(of({ is_active: false, charged_batteries: 0 }), "closed");
  assert.equal(canServe(station({ charged_batteries: 0 })), false);
  assert.equal(spoken(station()), "Majestic: 2 waiting, 12 of 40 packs charged, ready");
});

test("rows sort by a column either way, and by name where they are equal", () => {
  const all = [
    ["b", 2],
    ["a", 2],
    ["c", 9],
  ].map(([name, length]) =>
    station({ id: name, name, queue: { length, active: 0, capacity: 20, estimated_wait_minutes: null } }),
  );
  assert.deepEqual(
    sorted(all, "queue", true).map(({ name }) => name),
    ["c", "a", "b"],
  );
  assert.deepEqual(
    sorted(all, "queue", false).map(({ name }) => name),
    ["a", "b", "c"],
  );
  assert.deepEqual(
    sorted(all, "name", true).map(({ name }) => name),
    ["c", "b", "a"],
  );
});

test("a sparkline stays in its box, whatever the values", () => {
  for (const values of [
    [0, 0],
    [5, 5, 5],
    [1, 900, 3],
    [-4, 4],
  ]) {
    const ys = [...sparkline(values, 72, 22).line.matchAll(/,(-?[\d.]+)/g)].map(([, y]) => Number(y));
    assert.equal(ys.length, values.length);
    for (const y of ys) assert.ok(y >= 0 && y <= 22, `${values}: ${y}`);
  }
  assert.equal(sparkline([1], 72, 22).line, "");
  const trend = new Trend(3);
  for (const value of [1, 2, 3, 4]) trend.push(value);
  assert.deepEqual(trend.values, [2, 3, 4]);
});

test("the digest says what happened since it was asked last, and what got worse", () => {
  const digest = new Digest();
  assert.equal(digest.say([station()]), "");
  digest.hear("queue:confirmed", {});
  digest.hear("queue:confirmed", {});
  digest.hear("swap:completed", {});
  digest.hear("queue:left", { state: "no_show" });
  digest.hear("job:created", {});
  for (const alert of ["ticket_opened", "ticket_opened", "critical_fault"])
    digest.hear("alert:raised", { alert });
  assert.equal(
    digest.say([station({ charged_batteries: 0 })]),
    "2 reserved, 1 swapped, 1 did not come, 1 job ordered, 2 tickets opened. Majestic: no charged packs",
  );
  assert.equal(digest.say([station({ charged_batteries: 0 })]), "");
});
