// @ts-check
/** A canvas that fills its box, sharp on every screen, and the theme's colours for it. */
export class Layer {
  #canvas = document.createElement("canvas");
  /** @type {Map<string, string>} */
  #colours = new Map();
  #theme = "";
  /** @type {CanvasRenderingContext2D} */
  pen;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#canvas.setAttribute("aria-hidden", "true");
    box.append(this.#canvas);
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
  }

  /** @param {number} width @param {number} height CSS pixels */
  resize(width, height) {
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** What the theme says now; asked of the page once per theme. @param {string} name of a custom property */
  colour(name) {
    const theme = document.documentElement.dataset.theme ?? "";
    if (theme !== this.#theme) this.#colours.clear();
    this.#theme = theme;
    let colour = this.#colours.get(name);
    if (colour === undefined) {
      colour = getComputedStyle(this.#canvas).getPropertyValue(name).trim();
      this.#colours.set(name, colour);
    }
    return colour;
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./mercator.js").View} view
 * @param {number[]} path
 */
export function trace(pen, view, path) {
  for (let i = 0; i < path.length; i += 2) {
    const [x, y] = view.at(path[i], path[i + 1]);
    if (i === 0) pen.moveTo(x, y);
    else pen.lineTo(x, y);
  }
}

/**
 * The path as a smooth line through all its points: a Catmull-Rom spline as Bézier curves, with a third
 * of its usual swing, for riders go straight from point to point.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./mercator.js").View} view
 * @param {number[]} path
 */
export function curve(pen, view, path) {
  const points = [];
  for (let i = 0; i < path.length; i += 2) points.push(view.at(path[i], path[i + 1]));
  if (points.length < 2) return;
  pen.moveTo(...points[0]);
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]];
    const [before, after] = [points[i - 2] ?? a, points[i + 1] ?? b];
    pen.bezierCurveTo(
      a[0] + (b[0] - before[0]) / 9,
      a[1] + (b[1] - before[1]) / 9,
      b[0] - (after[0] - a[0]) / 9,
      b[1] - (after[1] - a[1]) / 9,
      b[0],
      b[1],
    );
  }
}
