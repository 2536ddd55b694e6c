// @ts-check
/** @typedef {import("../model/types.js").Position} Position */

/**
 * Where it is shown, where it came from, where it goes, since when and for how long.
 * @typedef {{x: number, y: number, fromX: number, fromY: number, toX: number, toY: number,
 *   at: number, takes: number}} Point
 */

const SHORTEST_MS = 250;
const LONGEST_MS = 4000;
const JUMP = 2e-4; // world units, some 8 km: nobody glides that far

/**
 * Points that glide from where they are shown to where they were last seen, in the time that the
 * last two fixes were apart.
 */
export class Motion {
  /** @type {Map<string, Point>} */
  #points = new Map();

  /**
   * @param {string} id
   * @param {number} x world
   * @param {number} y world
   * @param {number} now ms
   * @param {boolean} glide
   */
  aim(id, x, y, now, glide) {
    const point = this.#points.get(id);
    if (point && point.toX === x && point.toY === y) return;
    if (!point || !glide || Math.hypot(point.x - x, point.y - y) > JUMP) {
      this.#points.set(id, { x, y, fromX: x, fromY: y, toX: x, toY: y, at: now, takes: SHORTEST_MS });
      return;
    }
    const takes = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, now - point.at));
    Object.assign(point, { fromX: point.x, fromY: point.y, toX: x, toY: y, at: now, takes });
  }

  /**
   * Moves all points to where they are now. Whether one is still on its way.
   * @param {number} now ms
   */
  step(now) {
    let moving = false;
    for (const point of this.#points.values()) {
      const share = Math.min(1, (now - point.at) / point.takes);
      point.x = point.fromX + (point.toX - point.fromX) * share;
      point.y = point.fromY + (point.toY - point.fromY) * share;
      if (share < 1) moving = true;
    }
    return moving;
  }

  /** @param {(id: string) => boolean} keep */
  prune(keep) {
    for (const id of this.#points.keys()) if (!keep(id)) this.#points.delete(id);
  }

  /** @param {string} id */
  get(id) {
    return this.#points.get(id);
  }

  [Symbol.iterator]() {
    return this.#points.entries();
  }
}
