// @ts-check
import { project } from "./mercator.js";

/**
 * @typedef {{name: string, rank: number, path: number[]}} Road path: x, y, x, y, ... in world units
 * @typedef {{name: string, path: number[]}} Lake
 * @typedef {{name: string, x: number, y: number}} Label
 * @typedef {{roads: Road[], lakes: Lake[], labels: Label[], attribution: string}} City
 */

const URL = "/static/city/bengaluru.json";
const RANKS = [/motorway|trunk|ring|highway/, /primary|arterial|radial/, /secondary|main|street/];

/**
 * Roads, lakes and names to draw beneath the stations; null without such a file.
 * @returns {Promise<City | null>}
 */
export async function loadCity() {
  try {
    const answer = await fetch(URL);
    return answer.ok ? cityFrom(await answer.json()) : null;
  } catch {
    return null;
  }
}

/** @param {any} told @returns {City} */
export function cityFrom(told) {
  return {
    roads: (told.roads ?? []).map((/** @type {any} */ road) => ({
      name: road.name ?? "",
      rank: rankOf(String(road.class ?? "")),
      path: pathOf(road.points),
    })),
    lakes: (told.lakes ?? []).map((/** @type {any} */ lake) => ({
      name: lake.name ?? "",
      path: pathOf(Array.isArray(lake) ? lake : (lake.points ?? lake.outline)),
    })),
    labels: (told.labels ?? []).map((/** @type {any} */ label) => {
      const [x, y] = project(label.lat, label.lng);
      return { name: label.name, x, y };
    }),
    attribution: told.attribution ?? "",
  };
}

/** 0 is the widest. @param {string} name of the road's class */
function rankOf(name) {
  const rank = RANKS.findIndex((pattern) => pattern.test(name));
  return rank < 0 ? RANKS.length : rank;
}

/** @param {[number, number][] | undefined} points lat, lng */
function pathOf(points) {
  return (points ?? []).flatMap(([lat, lng]) => project(lat, lng));
}
