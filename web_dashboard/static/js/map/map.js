// @ts-check
import { batched } from "../ui/batch.js";
import { theme } from "../ui/theme.js";
import { loadCity } from "./city.js";
import { Gestures } from "./gestures.js";
import { Ground } from "./ground.js";
import { Markers } from "./markers.js";
import { View, bounds } from "./mercator.js";
import { Riders } from "./riders.js";

/** @typedef {import("../app.js").App} App */

const ROOM = { top: 48, right: 52, bottom: 52, left: 52 };
const phone = matchMedia("(max-width: 759px)"); // where a station's panel is a sheet over the map
const SHEET_SHARE = 0.72;
const KEY_PAN = 80; // pixels
const MOVING = /** @type {const} */ (["positions", "entries", "jobs"]);

/** Three layers of one view: the ground and the riders on canvases, the stations as elements. */
export class StationMap {
  #view = new View();
  #app;
  #ground;
  #riders;
  #markers;
  #moved = false; // by hand: then it is not fitted anew
  #fitted = false;
  /** @type {(() => unknown)[]} */
  #stops = [];

  /** @param {HTMLElement} box @param {App} app */
  constructor(box, app) {
    this.#app = app;
    this.#ground = new Ground(box, this.#view);
    this.#riders = new Riders(box, this.#view, app);
    this.#markers = new Markers(box, this.#view, app, (event) => this.#key(event));
    const all = batched(() => this.#draw());
    this.#redraw = all;
    const stations = batched(() => this.#stations(), 60);
    const gestures = new Gestures(box, this.#view, () => this.#touched());
    const sizes = new ResizeObserver(([{ contentRect }]) => this.#resize(contentRect));
    sizes.observe(box);
    this.#stops = [
      app.store.subscribe((topics, event, payload) => {
        if (topics.has("stations")) stations();
        if (MOVING.some((topic) => topics.has(topic))) this.#riders.moved();
        if (event) this.#markers.pulse(event, payload);
      }),
      app.selected.subscribe(() => this.#show()),
      app.hovered.subscribe(stations),
      app.job.subscribe(() => this.#riders.moved()),
      app.tab.subscribe(() => this.#riders.moved()),
      theme.subscribe(() => requestAnimationFrame(all)),
      () => sizes.disconnect(),
      () => gestures.close(),
      () => this.#riders.close(),
    ];
    loadCity().then((city) => {
      this.#ground.city = city;
      all();
    });
  }

  /** @type {() => void} */
  #redraw;

  close() {
    for (const stop of this.#stops) stop();
  }

  /** @param {number} factor */
  zoom(factor) {
    this.#view.zoom(factor);
    this.#touched();
  }

  home() {
    this.#moved = false;
    this.#fit();
    this.#redraw();
  }

  #touched() {
    this.#moved = true;
    this.#redraw();
  }

  /** @param {{width: number, height: number}} size */
  #resize({ width, height }) {
    if (!width || !height) return; // hidden, as on a phone's other tabs
    this.#view.resize(width, height);
    this.#ground.resize();
    this.#riders.resize();
    if (!this.#moved) this.#fit();
    this.#draw();
  }

  #fit() {
    const box = bounds([...this.#app.store.stations.values()].map((station) => station.location));
    if (!box) return;
    const narrow = this.#view.width < 520;
    this.#view.fit(box, narrow ? { top: 40, right: 40, bottom: 56, left: 40 } : ROOM);
    this.#fitted = true;
  }

  #stations() {
    if (!this.#fitted) {
      this.#fit();
      return this.#draw();
    }
    this.#markers.draw();
  }

  /** A station was selected, perhaps in the table: bring it into sight. */
  #show() {
    const station = this.#app.store.stations.get(this.#app.selected.value ?? "");
    if (station) {
      const [x, y] = this.#view.place(station.location);
      const { width, height } = this.#view;
      const sheet = phone.matches ? SHEET_SHARE * height : 0;
      const inside = x > 30 && y > 30 && x < width - 30 && y < height - sheet - 30;
      if (!inside) this.#view.put(station.location, width / 2, (height - sheet) / 2);
    }
    if (!station && !this.#moved) this.#fit();
    this.#redraw();
  }

  #draw() {
    if (!this.#fitted) this.#fit();
    this.#ground.draw(
      [...this.#app.store.stations.values()].map(({ location }) => this.#view.place(location)),
    );
    this.#markers.draw();
    this.#riders.moved();
  }

  /** Keys on a focused station. @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") this.zoom(1.4);
    else if (event.key === "-") this.zoom(1 / 1.4);
    else if (event.key === "0" || event.key === "Home") this.home();
    else if (event.key.startsWith("Arrow") && event.shiftKey) this.#panBy(event.key);
    else return;
    event.preventDefault();
  }

  /** @param {string} key */
  #panBy(key) {
    const way = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key] ?? [
      0, 0,
    ];
    this.#view.pan(way[0] * KEY_PAN, way[1] * KEY_PAN);
    this.#touched();
  }
}
