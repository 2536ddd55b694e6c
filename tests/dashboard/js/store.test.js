// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDoubted } from "../../../web_dashboard/static/js/model/position.js";
import { Store } from "../../../web_dashboard/static/js/model/store.js";

let ids = 0;
const at = "2026-11-24T10:00:00Z";
const event = (/** @type {object} */ fields) => ({ id: `event-${++ids}`, at, ...fields });
const figures = {
  queue: { length: 0, active: 0, capacity: 20, estimated_wait_minutes: { p50: 0, p90: 0 } },
  batteries: { total: 40, charged: 14, charging: 26, quarantined: 0, held: 0 },
  charged_batteries: 14,
};
const station = (/** @type {number} */ version, more = {}) => ({
  id: "station_001",
  name: "Majestic",
  location: { lat: 12.97, lng: 77.57 },
  is_active: true,
  version,
  ...figures,
  ...more,
});
const entry = (more = {}) => ({
  entry_id: "e1",
  station_id: "station_001",
  user_id: "consumer_001",
  user_name: "Aditi Naik",
  state: "confirmed",
  position: 1,
  ...more,
});

function fresh(snapshot = {}) {
  const store = new Store();
  store.reset({ stations: [station(5)], entries: [], positions: [], stats: { connections: 3 }, ...snapshot });
  return store;
}

test("a newer station replaces an older one, an older never a newer", () => {
  const store = fresh();
  const told = (/** @type {number} */ version, /** @type {number} */ length) =>
    event({
      ...station(version),
      id: `s${version}`,
      station_id: "station_001",
      station_name: "Majestic",
      queue: { ...figures.queue, length },
    });
  store.apply("station:updated", told(7, 3));
  store.apply("station:updated", told(6, 9));
  assert.equal(store.stations.get("station_001")?.queue.length, 3);
  assert.equal(store.stations.get("station_001")?.name, "Majestic");
});

test("an event that comes twice is told once", () => {
  const store = fresh();
  const confirmed = event(entry({ version: 1 }));
  store.apply("queue:confirmed", confirmed);
  store.apply("queue:confirmed", confirmed);
  assert.equal(store.feed.rows.length, 1);
  assert.equal(store.entries.size, 1);
});

test("an entry that has ended does not come back with a late event", () => {
  const store = fresh({ entries: [entry({ version: 2 })] });
  store.apply(
    "queue:left",
    event({
      entry_id: "e1",
      user_id: "consumer_001",
      station_id: "station_001",
      state: "cancelled",
      version: 3,
    }),
  );
  store.apply("queue:updated", event(entry({ version: 2, position: 2 })));
  assert.equal(store.entries.size, 0);
});

test("an entry follows its way from reserved to served", () => {
  const store = fresh();
  store.apply("queue:confirmed", event(entry({ version: 1 })));
  store.apply(
    "customer:arrived",
    event({
      entry_id: "e1",
      user_id: "consumer_001",
      user_name: "Aditi Naik",
      station_id: "station_001",
      state: "arrived",
      version: 2,
    }),
  );
  store.apply(
    "queue:called",
    event({
      entry_id: "e1",
      user_id: "consumer_001",
      station_id: "station_001",
      state: "arrived",
      version: 3,
      called_at: at,
    }),
  );
  assert.deepEqual(
    { state: "arrived", called: true, position: 1 },
    pick(store.entries.get("e1"), ["state", "called", "position"]),
  );
  store.apply(
    "qr:scanned",
    event({
      entry_id: "e1",
      user_id: "consumer_001",
      user_name: "Aditi Naik",
      station_id: "station_001",
      version: 4,
    }),
  );
  assert.equal(store.entries.get("e1")?.state, "active");
  assert.equal(store.entries.get("e1")?.position, null);
  store.apply(
    "swap:completed",
    event({
      entry_id: "e1",
      user_id: "consumer_001",
      station_id: "station_001",
      version: 5,
      old_battery_health: "healthy",
    }),
  );
  assert.equal(store.entries.size, 0);
});

test("those being served stand before those waiting, in the order of the queue", () => {
  const store = fresh({
    entries: [
      entry({ entry_id: "b", position: 2 }),
      entry({ entry_id: "a", position: 1 }),
      entry({ entry_id: "z", position: null, state: "active" }),
    ],
  });
  assert.deepEqual(
    store.entries.at("station_001").map(({ entry_id }) => entry_id),
    ["z", "a", "b"],
  );
});

test("positions never move backwards in time, in either form of the wire", () => {
  const store = fresh({
    positions: [{ user_id: "u", location: { lat: 1, lng: 2 }, fix_at: "2026-11-24T10:00:05Z" }],
  });
  store.apply(
    "gps:positions",
    event({
      positions: [
        { user_id: "u", location: { lat: 9, lng: 9 }, fix_at: "2026-11-24T10:00:04Z", role: "consumer" },
      ],
    }),
  );
  assert.deepEqual(pick(store.positions.get("u"), ["lat", "lng"]), { lat: 1, lng: 2 });
  store.apply(
    "gps:positions",
    event({ positions: [{ user_id: "u", lat: 3, lng: 4, at: "2026-11-24T10:00:06Z", role: "consumer" }] }),
  );
  assert.deepEqual(pick(store.positions.get("u"), ["lat", "lng", "role"]), {
    lat: 3,
    lng: 4,
    role: "consumer",
  });
});

test("a position is doubted below one half, and not where nothing is said of it", () => {
  const here = { location: { lat: 1, lng: 2 }, fix_at: "2026-11-24T10:00:05Z" };
  const positions = ["u", "v"].map((id, n) => ({ user_id: id, ...here, trust: [0.4, 0.5][n] }));
  const store = fresh({ positions });
  assert.deepEqual(
    ["u", "v", "w"].map((id) => isDoubted(store.positions.get(id))),
    [true, false, false],
  );
  const later = { user_id: "u", ...here, fix_at: "2026-11-24T10:20:05Z" };
  store.apply("gps:positions", event({ positions: [{ ...later, trust: 1 }] }));
  assert.equal(isDoubted(store.positions.get("u")), false);
});

test("the queue's figures alone change nothing else of a station", () => {
  const store = fresh();
  store.apply(
    "queue:changed",
    event({
      station_id: "station_001",
      version: 6,
      length: 4,
      active: 1,
      capacity: 20,
      available_slots: 15,
      estimated_wait_minutes: { p50: 8, p90: 12 },
      entries: [],
    }),
  );
  const changed = store.stations.get("station_001");
  assert.equal(changed?.queue.length, 4);
  assert.equal(changed?.batteries.total, 40);
  assert.equal(changed?.charged_batteries, 14);
});

test("a new snapshot replaces everything but the feed", () => {
  const store = fresh();
  store.apply("queue:confirmed", event(entry({ version: 1 })));
  store.reset({ stations: [station(9)], entries: [], positions: [], stats: {} });
  assert.equal(store.entries.size, 0);
  assert.equal(store.feed.rows.length, 1);
});

test("listeners hear what has changed, and nothing when nothing has", () => {
  const store = fresh();
  /** @type {string[][]} */
  const heard = [];
  store.subscribe((topics) => heard.push([...topics].sort()));
  store.apply("queue:confirmed", event(entry({ version: 2 })));
  store.apply("queue:updated", event(entry({ version: 1 })));
  store.apply("stats:tick", event({ connections: 9, events_per_s: 1.5 }));
  assert.deepEqual(heard, [["entries", "feed"], ["stats"]]);
  assert.equal(store.stats.connections, 9);
});

test("whatever comes, nothing is thrown", () => {
  const store = fresh();
  for (const name of [
    "station:updated",
    "queue:confirmed",
    "gps:positions",
    "stats:tick",
    "queue:changed",
    "job:accepted",
    "nobody:knows",
  ]) {
    for (const payload of [null, undefined, "text", 4, {}, { entry_id: null, state: null, positions: [] }])
      store.apply(name, payload);
  }
  assert.equal(store.stations.size, 1);
});

/** @param {any} object @param {string[]} keys */
function pick(object, keys) {
  return Object.fromEntries(keys.map((key) => [key, object[key]]));
}
