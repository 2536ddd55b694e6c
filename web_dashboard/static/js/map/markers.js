// @ts-check
import { conditionOf } from "../model/station.js";
import { Marker, svg } from "./marker.js";
import { neighbour, placeLabels } from "./placing.js";
import { spread } from "./spread.js";

/** @typedef {import("./mercator.js").View} View @typedef {import("../app.js").App} App */

const RADIUS = 19; // pixels, of a marker in full size
const FURTHEST_PX = 14; // that a marker stands beside its place to make room
const CROWDED_M = 80; // metres per pixel beyond which markers are small
const NAMELESS_M = 160; // and beyond which only the chosen have names
const TOOLS = { w: 56, h: 128 }; // pixels, in the upper right corner
const KEY = { w: 90, h: 54 }; // in the lower left one, when folded
const PULSES = new Set(["queue:confirmed", "swap:completed"]);

/** The stations on the map. One of them is in the tab order; arrow keys move on from there. */
export class Markers {
  #view;
  #app;
  #root = svg("svg", {
    class: "markers",
    role: "group",
    "aria-label": "Stations",
    "aria-describedby": "map-help",
  });
  #below = svg("g");
  #above = svg("g");
  /** @type {Map<string, Marker>} */
  #markers = new Map();
  /** @type {Map<string, {x: number, y: number}>} */
  #spots = new Map();
  #current = "";
  #otherKey;

  /** @param {HTMLElement} box @param {View} view @param {App} app @param {(event: KeyboardEvent) => void} otherKey */
  constructor(box, view, app, otherKey) {
    this.#view = view;
    this.#app = app;
    this.#otherKey = otherKey;
    this.#root.append(this.#below, this.#above);
    box.append(this.#root);
    this.#root.addEventListener("click", (event) => this.#click(event));
    this.#root.addEventListener("keydown", (event) => this.#key(event));
    this.#root.addEventListener("focusin", (event) => this.#focus(event));
    for (const [name, over] of /** @type {const} */ ([
      ["pointerover", true],
      ["pointerout", false],
    ])) {
      this.#root.addEventListener(name, (event) => (this.#app.hovered.value = over ? idOf(event) : null));
    }
  }

  draw() {
    const { stations } = this.#app.store;
    for (const [id, marker] of this.#markers) {
      if (stations.has(id)) continue;
      marker.remove();
      this.#markers.delete(id);
    }
    if (!stations.has(this.#current)) this.#current = stations.keys().next().value ?? "";
    const homes = new Map([...stations].map(([id, { location }]) => [id, point(this.#view.place(location))]));
    this.#spots = spread(homes, 2 * RADIUS * this.#size + 1, FURTHEST_PX);
    for (const station of stations.values()) this.#place(station);
    this.#label();
  }

  /** Smaller where stations are close on the screen. */
  get #size() {
    return this.#view.metresPerPixel > CROWDED_M ? 0.78 : 1;
  }

  /** @param {import("../model/types.js").Station} station */
  #place(station) {
    let marker = this.#markers.get(station.id);
    if (!marker) this.#markers.set(station.id, (marker = new Marker(this.#below, this.#above, station.id)));
    const { x, y } = /** @type {{x: number, y: number}} */ (this.#spots.get(station.id));
    marker.show(station, conditionOf(station).key);
    marker.move(x, y, this.#size);
    marker.select(station.id === this.#app.selected.value, station.id === this.#current);
  }

  /** Names where there is room: the selected and the pointed at first, then what needs attention. */
  #label() {
    const { selected, hovered, store } = this.#app;
    const near = this.#view.metresPerPixel < NAMELESS_M;
    const radius = RADIUS * this.#size;
    const wishes = [...this.#spots].flatMap(([id, spot]) => {
      const station = store.stations.get(id);
      if (!station) return [];
      const chosen = id === selected.value || id === hovered.value;
      const rank = chosen ? 100 : conditionOf(station).rank + station.queue.length / 100;
      const { width, height } = /** @type {Marker} */ (this.#markers.get(id)).labelSize;
      return near || chosen ? [{ id, ...spot, width, height, rank }] : [];
    });
    const taken = [...this.#spots.values()].map(({ x, y }) => ({
      x: x - radius,
      y: y - radius,
      w: 2 * radius,
      h: 2 * radius,
    }));
    taken.push(
      { x: this.#view.width - TOOLS.w, y: 0, ...TOOLS },
      { x: 0, y: this.#view.height - KEY.h, ...KEY },
    );
    const placed = placeLabels(wishes, taken, this.#view, radius + 6);
    for (const [id, marker] of this.#markers) {
      const chosen = id === selected.value || id === hovered.value;
      const fallback = chosen ? { ...this.#under(id), anchor: /** @type {const} */ ("middle") } : null;
      marker.label(placed.get(id) ?? fallback);
    }
  }

  /** @param {string} id */
  #under(id) {
    const { x, y } = /** @type {{x: number, y: number}} */ (this.#spots.get(id));
    return { x, y: y + RADIUS * this.#size + 2 };
  }

  /** A ring goes out from a station where something good has happened. @param {string} event @param {any} payload */
  pulse(event, payload) {
    if (PULSES.has(event)) this.#markers.get(payload.station_id)?.pulse(event);
  }

  /** @param {Event} event */
  #click(event) {
    const id = idOf(event);
    if (id) this.#app.select(id === this.#app.selected.value ? null : id);
  }

  /** @param {FocusEvent} event */
  #focus(event) {
    const id = idOf(event);
    if (!id) return;
    this.#current = id;
    for (const [other, marker] of this.#markers)
      marker.select(other === this.#app.selected.value, other === id);
    this.#app.hovered.value = id;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const id = idOf(event);
    if (!id) return;
    if (event.key === "Enter" || event.key === " ") this.#app.select(id);
    else if (event.key.startsWith("Arrow") && !event.shiftKey) this.#go(id, event.key);
    else return this.#otherKey(event);
    event.preventDefault();
  }

  /** @param {string} id @param {string} key */
  #go(id, key) {
    const all = [...this.#spots].map(([other, spot]) => ({ id: other, ...spot }));
    const from = /** @type {{id: string, x: number, y: number}} */ (all.find((one) => one.id === id));
    const next = neighbour(from, all, key);
    if (next) this.#markers.get(next)?.focus();
  }
}

/** @param {[number, number]} at */
function point([x, y]) {
  return { x, y };
}

/** The station that an event is about. @param {Event} event */
function idOf(event) {
  const group = /** @type {Element} */ (event.target).closest("[data-station]");
  return group?.getAttribute("data-station") ?? null;
}
