// @ts-check
import { BOARDS } from "../app.js";

/**
 * @typedef {import("./mercator.js").View} View
 * @typedef {import("./canvas.js").Layer} Layer
 * @typedef {import("./motion.js").Motion} Motion
 * @typedef {import("../app.js").App} App
 * @typedef {import("../model/types.js").Job} Job
 */

const HALF = 4.5; // pixels, of a van's box
const IDLE_HALF = 3;
const HEAD_AT = 0.62; // of the way

/** Vans as boxes, filled while packs are aboard, and the ways of their jobs where jobs are looked at. */
export class Vans {
  #layer;
  #view;
  #app;
  #motion;

  /** @param {Layer} layer @param {View} view @param {App} app @param {Motion} motion */
  constructor(layer, view, app, motion) {
    this.#layer = layer;
    this.#view = view;
    this.#app = app;
    this.#motion = motion;
  }

  /** Whether somebody drives a van. @param {string} userId @param {string | null | undefined} role */
  static drives(userId, role) {
    return (role ?? userId).startsWith("transporter");
  }

  /** Below riders and vans. */
  drawWays() {
    const { job, tab, store } = this.#app;
    if (!BOARDS.has(tab.value)) return;
    for (const one of store.work.jobs.values()) {
      const chosen = one.job_id === job.value;
      if (chosen || (tab.value === "jobs" && !job.value)) this.#way(one, chosen);
    }
  }

  /** @param {Job} job @param {boolean} chosen */
  #way(job, chosen) {
    const { pen } = this.#layer;
    const [from, to] = [this.#view.place(job.from.location), this.#view.place(job.to.location)];
    const van = this.#motion.get(job.assignee_id ?? "");
    pen.beginPath();
    pen.moveTo(...from);
    if (van && job.state === "in_transit") pen.lineTo(...this.#view.at(van.x, van.y));
    pen.lineTo(...to);
    pen.setLineDash(job.state === "in_transit" ? [] : [3, 5]);
    pen.lineWidth = chosen ? 3 : 1.6;
    pen.lineCap = "round";
    pen.strokeStyle = this.#layer.colour("--van");
    pen.stroke();
    pen.setLineDash([]);
    this.#head(from, to, chosen ? 8 : 6);
  }

  /** An arrow's head beyond the middle, so that a way has a direction. @param {[number, number]} from @param {[number, number]} to @param {number} size */
  #head(from, to, size) {
    const { pen } = this.#layer;
    const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
    const at = (/** @type {number} */ turn, /** @type {number} */ reach) => [
      from[0] + (to[0] - from[0]) * HEAD_AT + Math.cos(angle + turn) * reach,
      from[1] + (to[1] - from[1]) * HEAD_AT + Math.sin(angle + turn) * reach,
    ];
    pen.beginPath();
    for (const [turn, reach] of [
      [0, size],
      [2.5, size],
      [-2.5, size],
    ])
      pen.lineTo(.../** @type {[number, number]} */ (at(turn, reach)));
    pen.closePath();
    pen.fillStyle = this.#layer.colour("--van");
    pen.fill();
  }

  drawVans() {
    const { store } = this.#app;
    const states = new Map(
      [...store.work.jobs.values()].map(({ assignee_id, state }) => [assignee_id, state]),
    );
    for (const [id, point] of this.#motion) {
      if (!Vans.drives(id, store.positions.get(id)?.role)) continue;
      this.#van(this.#view.at(point.x, point.y), states.get(id));
    }
  }

  /** @param {[number, number]} at @param {string | undefined} state */
  #van([x, y], state) {
    const { pen } = this.#layer;
    const half = state ? HALF : IDLE_HALF;
    pen.beginPath();
    pen.rect(x - half, y - half, 2 * half, 2 * half);
    pen.fillStyle = this.#layer.colour(state === "in_transit" ? "--van" : "--map-halo");
    pen.fill();
    pen.lineWidth = 1.8;
    pen.strokeStyle = this.#layer.colour(state ? "--van" : "--rider-idle");
    pen.stroke();
  }
}
