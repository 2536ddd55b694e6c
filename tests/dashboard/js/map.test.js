// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { cityFrom } from "../../../web_dashboard/static/js/map/city.js";
import { View, bounds, project, scaleBar } from "../../../web_dashboard/static/js/map/mercator.js";
import { Motion } from "../../../web_dashboard/static/js/map/motion.js";
import { neighbour, placeLabels } from "../../../web_dashboard/static/js/map/placing.js";
import { spread } from "../../../web_dashboard/static/js/map/spread.js";
import { longestStretch } from "../../../web_dashboard/static/js/map/stretch.js";

const MAJESTIC = { lat: 12.9767, lng: 77.5713 };
const WHITEFIELD = { lat: 12.9698, lng: 77.75 };
const close = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ by) =>
  assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);

function view() {
  const made = new View();
  made.resize(700, 800);
  made.fit(/** @type {any} */ (bounds([MAJESTIC, WHITEFIELD, { lat: 13.1, lng: 77.6 }])), {
    top: 50,
    right: 50,
    bottom: 50,
    left: 50,
  });
  return made;
}

test("the projection is Web Mercator", () => {
  assert.deepEqual(project(0, 0), [0.5, 0.5]);
  close(project(85.0511287798, 180)[0], 1, 1e-12);
  close(project(85.0511287798, 180)[1], 0, 1e-9);
});

test("what is fitted is inside, with room around it", () => {
  const made = view();
  for (const place of [MAJESTIC, WHITEFIELD]) {
    const [x, y] = made.place(place);
    assert.ok(x >= 49.9 && x <= 650.1 && y >= 49.9 && y <= 750.1, `${x} ${y}`);
  }
});

test("zooming keeps the point under the pointer", () => {
  const made = view();
  const before = made.place(MAJESTIC);
  made.zoom(3, ...before);
  const after = made.place(MAJESTIC);
  close(after[0], before[0], 1e-6);
  close(after[1], before[1], 1e-6);
});

test("one cannot get lost: zoom and pan have an end", () => {
  const made = view();
  for (let i = 0; i < 50; i++) made.pan(500, 500);
  for (let i = 0; i < 50; i++) made.zoom(0.5);
  const [x, y] = made.place(MAJESTIC);
  assert.ok(x > -700 && x < 1400 && y > -800 && y < 1600);
});

test("metres per pixel agree with the great circle", () => {
  const made = view();
  const [ax, ay] = made.place(MAJESTIC);
  const [bx, by] = made.place(WHITEFIELD);
  close(Math.hypot(bx - ax, by - ay) * made.metresPerPixel, 19_370, 60);
});

test("the scale bar is a round length that fits", () => {
  assert.deepEqual(scaleBar(60, 90), { pixels: 5000 / 60, label: "5 km" });
  assert.deepEqual(scaleBar(3, 90), { pixels: 200 / 3, label: "200 m" });
});

test("bounds pass over places that are none", () => {
  assert.equal(bounds([{ lat: NaN, lng: NaN }]), null);
});

test("labels touch neither markers nor each other, and the first rank has the first choice", () => {
  const wishes = [
    { id: "low", x: 100, y: 100, width: 60, height: 24, rank: 0 },
    { id: "high", x: 112, y: 112, width: 60, height: 24, rank: 5 },
    { id: "nowhere", x: 3, y: 3, width: 900, height: 24, rank: 9 },
  ];
  const placed = placeLabels(wishes, [], { width: 300, height: 300 }, 20);
  assert.deepEqual(placed.get("high"), { x: 132, y: 100, anchor: "start" });
  assert.equal(placed.get("low")?.anchor, "end");
  assert.equal(placed.has("nowhere"), false);
});

test("an arrow key goes to the next marker in its direction, or nowhere", () => {
  const markers = [
    { id: "a", x: 0, y: 0 },
    { id: "b", x: 50, y: 5 },
    { id: "c", x: 40, y: 200 },
  ];
  assert.equal(neighbour(markers[0], markers, "ArrowRight"), "b");
  assert.equal(neighbour(markers[0], markers, "ArrowDown"), "c");
  assert.equal(neighbour(markers[0], markers, "ArrowLeft"), null);
});

test("markers that would cover each other make room, but stay near their place", () => {
  const homes = new Map([
    ["a", { x: 100, y: 100 }],
    ["b", { x: 110, y: 100 }],
    ["c", { x: 400, y: 400 }],
  ]);
  const placed = spread(homes, 38, 15);
  const [a, b, c] = ["a", "b", "c"].map((id) => /** @type {{x: number, y: number}} */ (placed.get(id)));
  close(b.x - a.x, 38, 1);
  assert.deepEqual(c, { x: 400, y: 400 });
  for (const [id, { x, y }] of placed)
    assert.ok(Math.hypot(x - homes.get(id).x, y - homes.get(id).y) <= 15.001);
});

test("a rider glides to where they were last seen", () => {
  const motion = new Motion();
  motion.aim("u", 0.5, 0.5, 0, true);
  motion.aim("u", 0.50001, 0.5, 1000, true);
  assert.equal(motion.step(1500), true);
  close(/** @type {any} */ (motion.get("u")).x, 0.500005, 1e-12);
  assert.equal(motion.step(2000), false);
  assert.equal(motion.get("u")?.x, 0.50001);
});

test("with reduced motion, and over a long way, one is there at once", () => {
  const motion = new Motion();
  motion.aim("calm", 0.5, 0.5, 0, false);
  motion.aim("calm", 0.50001, 0.5, 1000, false);
  motion.aim("far", 0.5, 0.5, 0, true);
  motion.aim("far", 0.6, 0.5, 1000, true);
  motion.step(1001);
  assert.equal(motion.get("calm")?.x, 0.50001);
  assert.equal(motion.get("far")?.x, 0.6);
  motion.prune((id) => id === "far");
  assert.equal(motion.get("calm"), undefined);
});

test("a city is read in whatever form its lakes come, and may be empty", () => {
  const point = [12.9, 77.6];
  const city = cityFrom({
    roads: [
      { name: "Ring", class: "ring", points: [point, point] },
      { class: "street", points: [point] },
    ],
    lakes: [[point, point], { name: "L", points: [point] }],
    labels: [{ name: "Hebbal", lat: 13, lng: 77.6 }],
  });
  assert.deepEqual(
    city.roads.map(({ rank }) => rank),
    [0, 2],
  );
  assert.deepEqual(
    city.lakes.map(({ path }) => path.length),
    [4, 2],
  );
  assert.deepEqual(cityFrom({}), { roads: [], lakes: [], labels: [], attribution: "" });
});

test("a name runs along the longest piece, never upside down", () => {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => /** @type {[number, number]} */ ([x, y]);
  const found = longestStretch([0, 0, 5, 0, -95, 10], { at });
  assert.equal(Math.round(found.x), -45);
  assert.ok(Math.abs(found.angle) <= Math.PI / 2);
});
