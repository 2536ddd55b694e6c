// @ts-check
/**
 * The longest straight piece of a path, in pixels: its middle, and the angle at which text along it
 * is upright.
 * @param {number[]} path x, y, x, y, ... in world units
 * @param {{at: (x: number, y: number) => [number, number]}} view
 */
export function longestStretch(path, view) {
  let best = { x: 0, y: 0, angle: 0, length: 0 };
  for (let i = 2; i < path.length; i += 2) {
    const [ax, ay] = view.at(path[i - 2], path[i - 1]);
    const [bx, by] = view.at(path[i], path[i + 1]);
    const length = Math.hypot(bx - ax, by - ay);
    if (length <= best.length) continue;
    const angle = Math.atan2(by - ay, bx - ax);
    const upright = Math.abs(angle) > Math.PI / 2 ? angle - Math.sign(angle) * Math.PI : angle;
    best = { x: (ax + bx) / 2, y: (ay + by) / 2, angle: upright, length };
  }
  return best;
}
