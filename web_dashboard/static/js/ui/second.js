// @ts-check
import { Signal } from "./signal.js";

/** Told once a second, for everything that counts time; one timer for all of it. */
export const second = new Signal(0);

setInterval(() => (second.value += 1), 1000);
