// @ts-check
import { spaced } from "./words.js";

/** @typedef {{code: string, message?: string, details?: any, retry_after?: number, incident?: string}} Problem */

/** @type {Problem} */
export const NO_ANSWER = {
  code: "no_answer",
  message: "The hub did not answer. Try again: it does not happen twice.",
};

/** After these the same request id will tell; after any other answer a new one is needed. */
const UNDECIDED = new Set([NO_ANSWER.code, "unavailable", "internal", "rate_limited"]);

/**
 * The hub's sentence, and what it says of the case.
 * @param {Problem} problem
 */
export function explain({ message, code, details, retry_after }) {
  const said = [message ?? "The hub refused it."];
  if (Array.isArray(details))
    said.push(...details.map(({ path, message: why }) => `${spaced(path)}: ${why}`));
  else if (details && typeof details === "object") said.push(facts(details));
  if (retry_after) said.push(`Again in ${Math.ceil(retry_after)} s.`);
  return { code, text: said.filter(Boolean).join(" ") };
}

/** @param {Record<string, any>} details */
function facts(details) {
  const told = Object.entries(details).filter(([, value]) => value !== null && value !== undefined);
  return told.length ? `(${told.map(([key, value]) => `${spaced(key)}: ${value}`).join(", ")})` : "";
}

/** One request id for one wish, however often it is pressed until the hub has decided. */
export class Wish {
  #id = "";
  #of = "";

  /** @param {object} payload */
  idFor(payload) {
    const of = JSON.stringify(payload);
    if (of !== this.#of) this.#id = requestId();
    this.#of = of;
    return this.#id;
  }

  /** @param {Problem} problem */
  answered(problem) {
    if (!UNDECIDED.has(problem.code)) this.#of = "";
  }
}

/** Not `crypto.randomUUID`, which a page has over TLS alone. */
function requestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
