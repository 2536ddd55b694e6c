// @ts-check
import { Layer, curve, trace } from "./canvas.js";
import { scaleBar } from "./mercator.js";
import { longestStretch } from "./stretch.js";

/** @typedef {import("./mercator.js").View} View @typedef {import("./city.js").City} City */
/** @typedef {[number, number]} Point pixels */

const WIDTHS = [4.6, 3.2, 2.2, 1.2]; // pixels, by a road's rank, when all stations are in view
const CASED = 3; // ranks below have an outline
const GRID_M = 2000;
const STEEPEST = 1.1; // radians at which a name is still easy to read
const NEAR_PX = 34; // names keep away from stations, which have their own

/** What does not move: water, roads, names, the scale. */
export class Ground {
  /** @type {City | null} */
  city = null;
  #layer;
  #view;
  #bar = document.createElement("p");

  /** @param {HTMLElement} box @param {View} view */
  constructor(box, view) {
    this.#layer = new Layer(box);
    this.#view = view;
    this.#bar.className = "map-scale";
    box.append(this.#bar);
  }

  resize() {
    this.#layer.resize(this.#view.width, this.#view.height);
  }

  /** @param {Point[]} stations where nothing may be written */
  draw(stations) {
    const { pen } = this.#layer;
    pen.clearRect(0, 0, this.#view.width, this.#view.height);
    this.#grid();
    if (this.city) this.#city(this.city, stations);
    const { pixels, label } = scaleBar(this.#view.metresPerPixel, 90);
    this.#bar.style.width = `${pixels}px`;
    this.#bar.textContent = label;
  }

  /** A faint dot every two kilometres, so that an empty map is not a void. */
  #grid() {
    const { pen } = this.#layer;
    const { width, height } = this.#view;
    let step = GRID_M / this.#view.metresPerPixel;
    while (step < 22) step *= 2;
    const [x0, y0] = this.#view.at(0.5, 0.5);
    pen.fillStyle = this.#layer.colour("--map-grid");
    for (let x = x0 % step; x < width; x += step) {
      for (let y = y0 % step; y < height; y += step) pen.fillRect(Math.round(x), Math.round(y), 1.5, 1.5);
    }
  }

  /** @param {City} city @param {Point[]} stations */
  #city(city, stations) {
    const { pen } = this.#layer;
    pen.fillStyle = this.#layer.colour("--map-water");
    for (const lake of city.lakes) {
      pen.beginPath();
      trace(pen, this.#view, lake.path);
      pen.closePath();
      pen.fill();
    }
    this.#roads(city);
    this.#names(city, stations);
  }

  /** Outlines first, then the roads, so that they join where they cross. @param {City} city */
  #roads(city) {
    const { pen } = this.#layer;
    const grow = Math.max(0.75, Math.min(2.2, Math.sqrt(50 / this.#view.metresPerPixel)));
    const ranks = WIDTHS.map((width, rank) => ({ width: width * grow, rank })).reverse();
    pen.lineJoin = pen.lineCap = "round";
    for (const { width, rank } of ranks)
      if (rank < CASED) this.#stroke(city, rank, width + 1.8, "--map-casing");
    for (const { width, rank } of ranks)
      this.#stroke(city, rank, width, rank < 2 ? "--map-road" : "--map-lane");
  }

  /** @param {City} city @param {number} rank @param {number} width @param {string} colour */
  #stroke(city, rank, width, colour) {
    const { pen } = this.#layer;
    pen.beginPath();
    for (const road of city.roads) if (road.rank === rank) curve(pen, this.#view, road.path);
    pen.lineWidth = width;
    pen.strokeStyle = this.#layer.colour(colour);
    pen.stroke();
  }

  /** @param {City} city @param {Point[]} stations */
  #names(city, stations) {
    const { pen } = this.#layer;
    const free = (/** @type {Point} */ [x, y], /** @type {number} */ room) =>
      stations.every(([sx, sy]) => Math.hypot(x - sx, y - sy) > room);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = this.#layer.colour("--map-name");
    pen.font = `500 10px ${this.#layer.colour("--font")}`;
    for (const { name, x, y } of city.labels)
      if (free(this.#view.at(x, y), NEAR_PX)) pen.fillText(name.toUpperCase(), ...this.#view.at(x, y));
    pen.font = `400 10px ${this.#layer.colour("--font")}`;
    pen.strokeStyle = this.#layer.colour("--map-ground");
    pen.lineWidth = 3;
    for (const road of city.roads) if (road.name && road.rank < 2) this.#along(road, free);
  }

  /**
   * A road's name along its longest straight piece, if it is long enough and no station is near.
   * @param {import("./city.js").Road} road
   * @param {(point: Point, room: number) => boolean} free
   */
  #along(road, free) {
    const { pen } = this.#layer;
    const { x, y, angle, length } = longestStretch(road.path, this.#view);
    const width = pen.measureText(road.name).width;
    if (length < width + 16 || Math.abs(angle) > STEEPEST || !free([x, y], width / 2 + 22)) return;
    pen.save();
    pen.translate(x, y);
    pen.rotate(angle);
    pen.strokeText(road.name, 0, 0.5);
    pen.fillText(road.name, 0, 0.5);
    pen.restore();
  }
}
