// @ts-check
/** The last ids seen: an event may come twice. */
export class Recent {
  /** @type {Set<string>} */
  #ids = new Set();
  #most;

  constructor(most = 4000) {
    this.#most = most;
  }

  /**
   * Whether the id is new.
   * @param {string} id
   */
  add(id) {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > this.#most)
      this.#ids.delete(/** @type {string} */ (this.#ids.values().next().value));
    return true;
  }
}
