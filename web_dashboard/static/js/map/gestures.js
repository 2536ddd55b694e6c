// @ts-check
/** @typedef {import("./mercator.js").View} View */

const SLACK_PX = 4; // a press that moves less is a click

/** Dragging, pinching and the wheel move the view. */
export class Gestures {
  /** @type {Map<number, {x: number, y: number}>} */
  #fingers = new Map();
  #box;
  #view;
  #changed;
  #travelled = 0;
  #stop = new AbortController();

  /** @param {HTMLElement} box @param {View} view @param {() => void} changed */
  constructor(box, view, changed) {
    this.#box = box;
    this.#view = view;
    this.#changed = changed;
    const { signal } = this.#stop;
    box.addEventListener("wheel", (event) => this.#wheel(event), { passive: false, signal });
    box.addEventListener("pointerdown", (event) => this.#down(event), { signal });
    box.addEventListener("pointermove", (event) => this.#move(event), { signal });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
      box.addEventListener(end, (event) => this.#fingers.delete(event.pointerId), { signal });
    }
    // The click that ends a drag selects nothing.
    box.addEventListener("click", (event) => this.#travelled > SLACK_PX && event.stopPropagation(), {
      capture: true,
      signal,
    });
  }

  close() {
    this.#stop.abort();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const { left, top } = this.#box.getBoundingClientRect();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    const turn = Math.max(-240, Math.min(240, event.deltaY * lines));
    this.#view.zoom(2 ** (-turn / (event.ctrlKey ? 120 : 300)), event.clientX - left, event.clientY - top);
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    if (this.#fingers.size === 0) this.#travelled = 0;
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const last = this.#fingers.get(event.pointerId);
    if (!last) return;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    this.#travelled += Math.hypot(dx, dy);
    if (this.#travelled <= SLACK_PX) return;
    if (!this.#box.hasPointerCapture(event.pointerId)) this.#box.setPointerCapture(event.pointerId);
    if (this.#fingers.size === 2) this.#pinch(event, last);
    else this.#view.pan(dx, dy);
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.#changed();
  }

  /** @param {PointerEvent} event @param {{x: number, y: number}} last */
  #pinch(event, last) {
    const [, other] = /** @type {[number, {x: number, y: number}]} */ (
      [...this.#fingers].find(([id]) => id !== event.pointerId)
    );
    const before = Math.hypot(last.x - other.x, last.y - other.y) || 1;
    const after = Math.hypot(event.clientX - other.x, event.clientY - other.y) || 1;
    const { left, top } = this.#box.getBoundingClientRect();
    this.#view.pan((event.clientX - last.x) / 2, (event.clientY - last.y) / 2);
    this.#view.zoom(
      after / before,
      (event.clientX + other.x) / 2 - left,
      (event.clientY + other.y) / 2 - top,
    );
  }
}
