// @ts-check
/**
 * @typedef {{x: number, y: number, w: number, h: number}} Box
 * @typedef {{id: string, x: number, y: number, width: number, height: number, rank: number}} Wish
 * @typedef {{x: number, y: number, anchor: "start" | "middle" | "end"}} Spot
 */

/** @param {Box} a @param {Box} b */
function meet(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** @param {Wish} wish @param {number} gap @returns {{spot: Spot, box: Box}[]} */
function spots({ x, y, width: w, height: h }, gap) {
  const half = h / 2;
  return [
    { spot: { x: x + gap, y: y - half, anchor: "start" }, box: { x: x + gap, y: y - half, w, h } },
    { spot: { x: x - gap, y: y - half, anchor: "end" }, box: { x: x - gap - w, y: y - half, w, h } },
    { spot: { x, y: y + gap - 2, anchor: "middle" }, box: { x: x - w / 2, y: y + gap - 2, w, h } },
    { spot: { x, y: y - gap - h + 2, anchor: "middle" }, box: { x: x - w / 2, y: y - gap - h + 2, w, h } },
  ];
}

/**
 * Where labels can stand beside their markers without touching anything; the highest rank chooses first.
 * A label that fits nowhere is left out.
 * @param {Wish[]} wishes
 * @param {Box[]} taken
 * @param {{width: number, height: number}} area
 * @param {number} gap pixels from a marker's centre to its label
 * @returns {Map<string, Spot>}
 */
export function placeLabels(wishes, taken, area, gap) {
  const full = [...taken];
  const placed = new Map();
  for (const wish of [...wishes].sort((a, b) => b.rank - a.rank || (a.id < b.id ? -1 : 1))) {
    const free = spots(wish, gap).find(
      ({ box }) => inside(box, area) && !full.some((other) => meet(box, other)),
    );
    if (!free) continue;
    full.push(free.box);
    placed.set(wish.id, free.spot);
  }
  return placed;
}

/** @param {Box} box @param {{width: number, height: number}} area */
function inside(box, area) {
  return box.x >= 2 && box.y >= 2 && box.x + box.w <= area.width - 2 && box.y + box.h <= area.height - 2;
}

const WIDEST = 2; // tangent of half the angle in which an arrow key looks
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/**
 * The next marker in an arrow key's direction: near, and not far off to the side.
 * @param {{id: string, x: number, y: number}} from
 * @param {Iterable<{id: string, x: number, y: number}>} markers
 * @param {string} key
 */
export function neighbour(from, markers, key) {
  const [ux, uy] = ARROWS[/** @type {keyof typeof ARROWS} */ (key)];
  let best = null;
  for (const marker of markers) {
    const [dx, dy] = [marker.x - from.x, marker.y - from.y];
    const along = dx * ux + dy * uy;
    const aside = Math.abs(dx * uy - dy * ux);
    if (marker.id === from.id || along <= 0 || aside > WIDEST * along) continue;
    const cost = along + 2 * aside;
    if (!best || cost < best.cost) best = { id: marker.id, cost };
  }
  return best?.id ?? null;
}
