// @ts-check
/** @typedef {{x: number, y: number}} Point */

const ROUNDS = 24;

/**
 * Pushes points apart that are closer than `distance`, but none further than `most` from where it
 * belongs: markers of neighbours stay readable, and the map stays true. The input is left as it is.
 * @param {Map<string, Point>} points
 * @param {number} distance pixels
 * @param {number} most pixels
 * @returns {Map<string, Point>}
 */
export function spread(points, distance, most) {
  const moved = new Map([...points].map(([id, { x, y }]) => [id, { x, y }]));
  const all = [...moved.keys()];
  for (let round = 0; round < ROUNDS; round++) {
    let touching = false;
    for (let i = 0; i < all.length; i++) {
      for (let j = i + 1; j < all.length; j++) {
        if (push(at(moved, all[i]), at(moved, all[j]), distance)) touching = true;
      }
    }
    for (const id of all) hold(at(moved, id), at(points, id), most);
    if (!touching) break;
  }
  return moved;
}

/** @param {Map<string, Point>} points @param {string} id */
function at(points, id) {
  return /** @type {Point} */ (points.get(id));
}

/** Moves both by half of what is missing. @param {Point} a @param {Point} b @param {number} distance */
function push(a, b, distance) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const apart = Math.hypot(dx, dy);
  if (apart >= distance) return false;
  const [ux, uy] = apart > 0.01 ? [dx / apart, dy / apart] : [1, 0];
  const half = (distance - apart) / 2;
  a.x -= ux * half;
  a.y -= uy * half;
  b.x += ux * half;
  b.y += uy * half;
  return true;
}

/** @param {Point} point @param {Point} home @param {number} most */
function hold(point, home, most) {
  const [dx, dy] = [point.x - home.x, point.y - home.y];
  const away = Math.hypot(dx, dy);
  if (away <= most) return;
  point.x = home.x + (dx / away) * most;
  point.y = home.y + (dy / away) * most;
}
