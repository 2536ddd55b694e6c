// @ts-check
import { batched } from "./batch.js";
import { useEffect, useState } from "./html.js";
import { second } from "./second.js";

/** @typedef {import("../model/store.js").Store} Store @typedef {import("../model/store.js").Topic} Topic */

/**
 * Draws the calling component again when one of the topics has changed, at most every `gapMs`.
 * @param {Store} store
 * @param {Topic[]} topics
 * @param {number} gapMs
 */
export function useStore(store, topics, gapMs) {
  const [, draw] = useState(0);
  useEffect(() => {
    const again = batched(() => draw((/** @type {number} */ n) => n + 1), gapMs);
    return store.subscribe((changed) => {
      if (topics.some((topic) => changed.has(topic))) again();
    });
  }, [store]);
}

/**
 * Draws the calling component again whenever the signal is told.
 * @param {import("./signal.js").Signal<any>} signal
 */
export function useSignal(signal) {
  const [, draw] = useState(0);
  useEffect(() => signal.subscribe(() => draw((/** @type {number} */ n) => n + 1)), [signal]);
  return signal.value;
}

/** Draws the calling component again once a second. */
export function useSecond() {
  return useSignal(second);
}

/**
 * Draws the calling component again every `ms`.
 * @param {number} ms
 */
export function useEvery(ms) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((/** @type {number} */ n) => n + 1), ms);
    return () => clearInterval(timer);
  }, [ms]);
}
