// @ts-check
/** The last values of a figure, one a second, for a sparkline. */
export class Trend {
  /** @type {number[]} */
  values = [];
  #most;

  constructor(most = 60) {
    this.#most = most;
  }

  /** @param {number} value */
  push(value) {
    this.values.push(value);
    if (this.values.length > this.#most) this.values.shift();
  }
}

/**
 * A sparkline as SVG paths in a box: the line, and the area beneath it. The newest value is at the right.
 * @param {number[]} values
 * @param {number} width
 * @param {number} height
 * @param {number} [slots] how many values fill the width
 */
export function sparkline(values, width, height, slots = 60) {
  if (values.length < 2) return { line: "", area: "" };
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // At least a quarter of the value fills the height, so that a flicker does not look like a storm.
  const span = Math.max(high - low, high * 0.25, 1);
  const bottom = (low + high - span) / 2;
  const step = width / (slots - 1);
  const left = width - (values.length - 1) * step;
  const points = values.map((value, i) => {
    const share = (value - bottom) / span;
    return `${round(left + i * step)},${round(1 + (1 - share) * (height - 2))}`;
  });
  const line = `M${points.join("L")}`;
  return { line, area: `${line}L${width},${height}L${round(left)},${height}Z` };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
