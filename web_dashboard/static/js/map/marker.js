// @ts-check
import { spoken, stock } from "../model/station.js";
import { MARKS } from "../ui/icons.js";

/** @typedef {import("../model/types.js").Station} Station @typedef {import("./placing.js").Spot} Spot */

const NAMESPACE = "http://www.w3.org/2000/svg";
const NAME_HEIGHT = 14;
const PACKS_HEIGHT = 12;

/** @param {string} name @param {Record<string, string | number>} [attributes] */
export function svg(name, attributes = {}) {
  const element = /** @type {SVGElement} */ (document.createElementNS(NAMESPACE, name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** One station: a ring for the share of charged packs, a number for the queue, a shape for its condition. */
export class Marker {
  labelSize = { width: 60, height: NAME_HEIGHT + PACKS_HEIGHT };
  #group;
  #charged = svg("circle", { class: "arc", r: 14, pathLength: 100, transform: "rotate(-90)" });
  #promised = svg("circle", { class: "arc-promised", r: 14, pathLength: 100, transform: "rotate(-90)" });
  #number = svg("text", { class: "number", y: 4.2 });
  #badge = svg("path", { class: "badge", transform: "translate(6 -21) scale(.92)" });
  #label = svg("g", { class: "label" });
  #name = svg("text", { class: "label-name" });
  #packs = svg("text", { class: "label-packs" });
  #ring = svg("circle", { class: "pulse", r: 17 });

  /** @param {SVGElement} markers @param {SVGElement} labels @param {string} id */
  constructor(markers, labels, id) {
    this.#group = svg("g", { class: "station", "data-station": id, role: "button", tabindex: -1 });
    this.#group.append(
      this.#ring,
      svg("circle", { class: "focus", r: 23 }),
      svg("circle", { class: "shade", r: 19.5, cy: 1 }),
      svg("circle", { class: "plate", r: 18 }),
      svg("circle", { class: "track", r: 14 }),
      this.#promised,
      this.#charged,
      this.#number,
      this.#badge,
    );
    this.#label.append(this.#name, this.#packs);
    labels.append(this.#label);
    markers.append(this.#group);
  }

  remove() {
    this.#group.remove();
    this.#label.remove();
  }

  focus() {
    this.#group.focus();
  }

  /** @param {Station} station @param {import("../model/station.js").ConditionKey} condition */
  show(station, condition) {
    const { free, promised, total } = stock(station);
    const share = (/** @type {number} */ n) => (total ? (100 * n) / total : 0);
    this.#set(this.#charged, "stroke-dasharray", `${share(free).toFixed(1)} 200`);
    this.#set(this.#promised, "stroke-dasharray", `${share(free + promised).toFixed(1)} 200`);
    this.#set(this.#badge, "d", condition === "ready" ? "" : MARKS[condition]);
    this.#set(this.#group, "data-condition", condition);
    this.#set(this.#group, "data-queue", String(station.queue.length));
    this.#set(this.#group, "data-charged", String(station.charged_batteries));
    this.#set(this.#group, "aria-label", spoken(station));
    this.#text(this.#number, String(station.queue.length));
    this.#text(this.#packs, `${station.charged_batteries} charged`);
    if (this.#text(this.#name, station.name)) this.#measure();
  }

  /** @param {number} x @param {number} y @param {number} size 1 is the size it is drawn for */
  move(x, y, size) {
    this.#set(this.#group, "transform", `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${size})`);
  }

  /** @param {boolean} selected @param {boolean} tabbable */
  select(selected, tabbable) {
    this.#set(this.#group, "aria-pressed", String(selected));
    this.#set(this.#group, "tabindex", tabbable ? "0" : "-1");
    if (selected && this.#group.nextSibling && document.activeElement !== this.#group)
      this.#group.parentNode?.append(this.#group);
  }

  /** @param {Spot | null} spot */
  label(spot) {
    this.#set(this.#label, "visibility", spot ? "visible" : "hidden");
    if (!spot) return;
    this.#set(this.#label, "transform", `translate(${spot.x.toFixed(1)} ${spot.y.toFixed(1)})`);
    this.#set(this.#label, "text-anchor", spot.anchor);
    this.#set(this.#name, "y", "11");
    this.#set(this.#packs, "y", "23");
  }

  /** @param {string} event */
  pulse(event) {
    this.#ring.setAttribute("class", "pulse");
    // A new frame between the two classes begins the animation anew.
    requestAnimationFrame(() =>
      this.#ring.setAttribute("class", `pulse is-on ${event === "swap:completed" ? "is-swap" : ""}`),
    );
  }

  #measure() {
    const name = /** @type {SVGTextElement} */ (this.#name).getComputedTextLength();
    const packs = /** @type {SVGTextElement} */ (this.#packs).getComputedTextLength();
    this.labelSize = { width: Math.ceil(Math.max(name, packs, 50)), height: NAME_HEIGHT + PACKS_HEIGHT };
  }

  /** @param {SVGElement} element @param {string} name @param {string} value */
  #set(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  /** @param {SVGElement} element @param {string} text */
  #text(element, text) {
    if (element.textContent === text) return false;
    element.textContent = text;
    return true;
  }
}
