// @ts-check
import * as preact from "../../vendor/htm-3.1.1/preact-standalone.module.js";

/** Markup as a tree of elements and components. @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = preact.html;

/** @type {(tree: any, root: Element) => void} */
export const render = preact.render;

/** @type {(effect: () => unknown, inputs?: unknown[]) => void} */
export const useEffect = preact.useEffect;

/** @type {(initial: any) => {current: any}} */
export const useRef = preact.useRef;

/** @type {<T>(initial: T | (() => T)) => [T, (next: T | ((now: T) => T)) => void]} */
export const useState = preact.useState;
