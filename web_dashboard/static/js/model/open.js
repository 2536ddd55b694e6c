// @ts-check
const TOMBSTONES = 2000;

/**
 * Things that are open, by id. Events may come twice and late: what is older than what is known changes nothing,
 * and what has ended comes back only with a newer version.
 * @template {{version: number}} T
 */
export class Open {
  /** @type {Map<string, T>} */
  #open = new Map();
  /** @type {Map<string, number>} the versions with which things ended */
  #ended = new Map();
  #idOf;
  #isOpen;

  /**
   * @param {(told: T) => string} idOf
   * @param {(told: T) => boolean} isOpen
   */
  constructor(idOf, isOpen) {
    this.#idOf = idOf;
    this.#isOpen = isOpen;
  }

  get size() {
    return this.#open.size;
  }

  /** @param {T[]} told */
  reset(told) {
    this.#open.clear();
    this.#ended.clear();
    for (const one of told) this.put(one);
  }

  /** @param {string} id */
  get(id) {
    return this.#open.get(id);
  }

  /**
   * Takes the whole of a thing as an event tells it. False when it says nothing new.
   * @param {T} told
   */
  put(told) {
    const id = this.#idOf(told);
    if (!id || typeof told.version !== "number") return false;
    if (told.version <= (this.#ended.get(id) ?? -1)) return false;
    const before = this.#open.get(id);
    if (before && told.version < before.version) return false;
    if (!this.#isOpen(told)) return this.#end(id, told.version);
    this.#open.set(id, told);
    this.#ended.delete(id);
    return true;
  }

  /** @param {string} id @param {number} version */
  #end(id, version) {
    this.#ended.set(id, version);
    if (this.#ended.size > TOMBSTONES)
      this.#ended.delete(/** @type {string} */ (this.#ended.keys().next().value));
    return this.#open.delete(id);
  }

  values() {
    return this.#open.values();
  }
}
