// @ts-check
import { isDoubted } from "../model/position.js";
import { calm } from "../ui/theme.js";
import { Layer } from "./canvas.js";
import { project } from "./mercator.js";
import { Motion } from "./motion.js";
import { Vans } from "./vans.js";

/** @typedef {import("./mercator.js").View} View @typedef {import("../app.js").App} App */

const FRAME_MS = 30; // riders are slow: more than some 30 pictures a second show nothing more
const DOUBT_RADIUS = 7;
const HIDDEN = /^(staff|admin|device)/;

/** Riders as dots that glide; those on their way to the selected station are tied to it by a line. */
export class Riders {
  #layer;
  #view;
  #app;
  #motion = new Motion();
  #vans;
  #frame = 0;
  #drawnAt = -Infinity;
  #stale = true;

  /** @param {HTMLElement} box @param {View} view @param {App} app */
  constructor(box, view, app) {
    this.#layer = new Layer(box);
    this.#view = view;
    this.#app = app;
    this.#vans = new Vans(this.#layer, view, app, this.#motion);
  }

  resize() {
    this.#layer.resize(this.#view.width, this.#view.height);
  }

  close() {
    cancelAnimationFrame(this.#frame);
  }

  /** Something has changed: draw in the next frame, and on until everybody has arrived. */
  moved() {
    this.#stale = true;
    this.#frame ||= requestAnimationFrame((now) => this.#tick(now));
  }

  /** @param {number} now */
  #tick(now) {
    if (now - this.#drawnAt < FRAME_MS) {
      this.#frame = requestAnimationFrame((then) => this.#tick(then));
      return;
    }
    this.#frame = 0;
    this.#drawnAt = now;
    if (this.#stale) this.#aim(now);
    const moving = this.#motion.step(now);
    this.#draw();
    if (moving) this.#frame = requestAnimationFrame((then) => this.#tick(then));
  }

  /** @param {number} now */
  #aim(now) {
    this.#stale = false;
    const { positions } = this.#app.store;
    for (const { user_id, role, lat, lng } of positions.values()) {
      if (HIDDEN.test(role ?? user_id)) continue;
      this.#motion.aim(user_id, ...project(lat, lng), now, !calm.matches);
    }
    this.#motion.prune((id) => positions.has(id));
  }

  #draw() {
    const { pen } = this.#layer;
    const bound = this.#app.store.entries.stationsByUser();
    pen.clearRect(0, 0, this.#view.width, this.#view.height);
    this.#vans.drawWays();
    this.#ties(bound);
    this.#dots(bound, false);
    this.#dots(bound, true);
    this.#vans.drawVans();
    this.#doubts();
  }

  /** A broken ring: whoever this is may be somewhere else. */
  #doubts() {
    const { pen } = this.#layer;
    const { positions } = this.#app.store;
    pen.beginPath();
    for (const [id, point] of this.#motion) {
      if (!isDoubted(positions.get(id))) continue;
      const [x, y] = this.#view.at(point.x, point.y);
      pen.moveTo(x + DOUBT_RADIUS, y);
      pen.arc(x, y, DOUBT_RADIUS, 0, 2 * Math.PI);
    }
    pen.setLineDash([2, 2.4]);
    pen.lineWidth = 1.4;
    pen.strokeStyle = this.#layer.colour("--rider");
    pen.stroke();
    pen.setLineDash([]);
  }

  /** @param {Map<string, string>} bound @param {boolean} withEntry */
  #dots(bound, withEntry) {
    const { pen } = this.#layer;
    const { positions } = this.#app.store;
    pen.beginPath();
    for (const [id, point] of this.#motion) {
      if (bound.has(id) !== withEntry || Vans.drives(id, positions.get(id)?.role)) continue;
      const [x, y] = this.#view.at(point.x, point.y);
      const radius = withEntry ? 3.6 : 2.2;
      pen.moveTo(x + radius, y);
      pen.arc(x, y, radius, 0, 2 * Math.PI);
    }
    pen.fillStyle = this.#layer.colour(withEntry ? "--rider" : "--rider-idle");
    pen.fill();
    if (!withEntry) return;
    pen.lineWidth = 1.4;
    pen.strokeStyle = this.#layer.colour("--map-halo");
    pen.stroke();
  }

  /** @param {Map<string, string>} bound */
  #ties(bound) {
    const station = this.#app.store.stations.get(this.#app.selected.value ?? "");
    if (!station) return;
    const { pen } = this.#layer;
    const to = this.#view.place(station.location);
    pen.beginPath();
    for (const [id, point] of this.#motion) {
      if (bound.get(id) !== station.id) continue;
      pen.moveTo(...this.#view.at(point.x, point.y));
      pen.lineTo(...to);
    }
    pen.setLineDash([2, 5]);
    pen.lineWidth = 1.6;
    pen.lineCap = "round";
    pen.strokeStyle = this.#layer.colour("--rider");
    pen.stroke();
    pen.setLineDash([]);
  }
}
