// @ts-check
/** @typedef {import("../model/types.js").LatLng} LatLng */

const EARTH_CIRCUMFERENCE_M = 40_075_016.686; // of the equator, WGS 84: Web Mercator's world is this wide

/**
 * Web Mercator: the world as a unit square, x to the east, y to the south.
 * @param {number} lat degrees
 * @param {number} lng degrees
 * @returns {[number, number]}
 */
export function project(lat, lng) {
  const phi = (lat * Math.PI) / 180;
  return [lng / 360 + 0.5, 0.5 - Math.log(Math.tan(Math.PI / 4 + phi / 2)) / (2 * Math.PI)];
}

/**
 * @param {Iterable<LatLng>} places
 * @returns {[number, number, number, number] | null} west, north, east, south, in world units
 */
export function bounds(places) {
  let box = null;
  for (const { lat, lng } of places) {
    if (!Number.isFinite(lat) || !Number.isFinite(lng)) continue;
    const [x, y] = project(lat, lng);
    box ??= [x, y, x, y];
    box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
  }
  return /** @type {[number, number, number, number] | null} */ (box);
}

const BEYOND = 0.4; // of the picture's size that its centre may leave what was fitted

/** Which part of the world a box of pixels shows. */
export class View {
  width = 1;
  height = 1;
  /** pixels per world unit */
  scale = 1;
  /** world point at the centre */
  x = 0.5;
  y = 0.5;
  #least = 1;
  #most = Infinity;
  /** @type {[number, number, number, number]} */
  #home = [0, 0, 1, 1];

  /** @param {number} width @param {number} height */
  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
  }

  /**
   * Shows a box with room around it; it is where zooming out and panning end.
   * @param {[number, number, number, number]} box
   * @param {{top: number, right: number, bottom: number, left: number}} room pixels
   */
  fit(box, room) {
    const [west, north, east, south] = box;
    const inner = [
      Math.max(40, this.width - room.left - room.right),
      Math.max(40, this.height - room.top - room.bottom),
    ];
    const fits = Math.min(inner[0] / (east - west || 1e-4), inner[1] / (south - north || 1e-4));
    this.scale = fits;
    this.#least = fits * 0.7;
    this.#most = fits * 24;
    this.#home = box;
    this.x = (west + east) / 2 + (room.right - room.left) / (2 * fits);
    this.y = (north + south) / 2 + (room.bottom - room.top) / (2 * fits);
  }

  /** @param {number} x @param {number} y world @returns {[number, number]} pixels */
  at(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  /** @param {LatLng} place @returns {[number, number]} pixels */
  place({ lat, lng }) {
    return this.at(...project(lat, lng));
  }

  /**
   * Zooms so that the point under the pixel stays there.
   * @param {number} factor @param {number} px @param {number} py
   */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const scale = Math.min(this.#most, Math.max(this.#least, this.scale * factor));
    const [dx, dy] = [px - this.width / 2, py - this.height / 2];
    this.x += dx / this.scale - dx / scale;
    this.y += dy / this.scale - dy / scale;
    this.scale = scale;
    this.#keep();
  }

  /** @param {number} dx @param {number} dy pixels that the picture moves */
  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.#keep();
  }

  /**
   * Moves the picture so that a place is at a point of it.
   * @param {LatLng} place @param {number} px @param {number} py
   */
  put(place, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.place(place);
    this.pan(px - x, py - y);
  }

  #keep() {
    const [west, north, east, south] = this.#home;
    const [dx, dy] = [(BEYOND * this.width) / this.scale, (BEYOND * this.height) / this.scale];
    this.x = Math.min(east + dx, Math.max(west - dx, this.x));
    this.y = Math.min(south + dy, Math.max(north - dy, this.y));
  }

  /** Metres that one pixel shows at the centre. */
  get metresPerPixel() {
    const phi = 2 * Math.atan(Math.exp(Math.PI * (1 - 2 * this.y))) - Math.PI / 2;
    return (EARTH_CIRCUMFERENCE_M * Math.cos(phi)) / this.scale;
  }
}

/**
 * A round length for the scale bar, at most `widest` pixels.
 * @param {number} metresPerPixel
 * @param {number} widest
 */
export function scaleBar(metresPerPixel, widest) {
  const most = metresPerPixel * widest;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((step) => step * power).find((length) => length <= most) ?? power;
  return { pixels: metres / metresPerPixel, label: metres >= 1000 ? `${metres / 1000} km` : `${metres} m` };
}
