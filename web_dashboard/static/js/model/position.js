// @ts-check
/**
 * Where somebody is, as a snapshot or `gps:positions` tells it.
 * @param {any} told
 * @returns {import("./types.js").Position}
 */
export function positionFrom(told) {
  const { lat, lng } = told.location ?? told;
  return { user_id: told.user_id, lat, lng, at: told.fix_at ?? told.at, role: told.role, trust: told.trust };
}

const TRUSTED = 0.5; // as services/trust.py has it

/** @param {import("./types.js").Position | undefined} position @returns {boolean} */
export function isDoubted(position) {
  return (position?.trust ?? 1) < TRUSTED;
}
