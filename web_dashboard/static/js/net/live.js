// @ts-check
import { io } from "../../vendor/socket.io-client-4.8.4/socket.io.esm.min.js";
import { NO_ANSWER } from "../model/problem.js";

/**
 * @typedef {import("../model/store.js").Store} Store
 * @typedef {"connecting" | "live" | "resyncing" | "lost"} LinkState
 * @typedef {import("../model/problem.js").Problem} Problem
 * @typedef {{ok: true, data: any} | {ok: false, error: Problem}} Answer
 */

const ACK_MS = 8000;
const RETRY_MS = 2000;
const ASKED = 2; // times a command is sent before it counts as unanswered
const FINAL = new Set(["unauthenticated", "forbidden", "token_expired"]);

/**
 * The connection to the hub: joins `admin`, hands snapshot and events to the store, and does so again
 * whenever the hub could not replay what was missed.
 */
export class Live {
  /** @type {LinkState} */
  state = "connecting";
  /** when the hub was last heard, ms since the epoch; NaN: never */
  heardAt = NaN;
  #socket;
  #store;
  #onState;
  #onEnd;
  /** @type {[string, any][] | null} events that came while a snapshot was on its way */
  #early = null;
  #join = 0;
  #joined = false;

  /**
   * @param {import("./session.js").Session} session
   * @param {Store} store
   * @param {{onState: () => void, onEnd: (why: "expired" | "refused") => void}} hooks
   */
  constructor(session, store, { onState, onEnd }) {
    this.#store = store;
    this.#onState = onState;
    this.#onEnd = onEnd;
    this.#socket = io(session.socketUrl, {
      auth: (/** @type {(data: object) => void} */ give) => give({ token: session.token }),
      transports: ["websocket"],
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
    });
    this.#listen();
  }

  close() {
    this.#socket.disconnect();
  }

  #listen() {
    this.#socket.on("connect", () => (this.#socket.recovered ? this.#recovered() : this.#resync()));
    this.#socket.on("disconnect", (/** @type {string} */ reason) => this.#lost(reason));
    this.#socket.on("connect_error", (/** @type {any} */ error) => this.#refused(error));
    this.#socket.on("auth:expired", () => this.#onEnd("expired"));
    this.#socket.onAny((/** @type {string} */ name, /** @type {any} */ payload) =>
      this.#event(name, payload),
    );
  }

  /** @param {string} name @param {any} payload */
  #event(name, payload) {
    this.heardAt = Date.now();
    if (this.#early) this.#early.push([name, payload]);
    else this.#store.apply(name, payload);
  }

  #recovered() {
    if (this.#early) return this.#resync(); // it was cut before its first snapshot came
    this.#become("live");
  }

  async #resync() {
    const join = ++this.#join;
    this.#early ??= [];
    this.#become(Number.isNaN(this.heardAt) ? "connecting" : "resyncing");
    const answer = await this.#ask("room:join", { room: "admin" });
    if (join !== this.#join || !this.#socket.connected) return;
    if (FINAL.has(answer.error?.code)) return this.#onEnd("refused");
    if (!answer.ok) return void setTimeout(() => join === this.#join && this.#resync(), RETRY_MS);
    this.#store.reset(answer.data.snapshot, this.#joined);
    this.heardAt = Date.now();
    this.#joined = true;
    const early = this.#early ?? [];
    this.#early = null;
    for (const [name, payload] of early) this.#store.apply(name, payload);
    this.#become("live");
  }

  /**
   * Runs an operation; a command carries its `request_id`, and so may be sent again when no answer comes.
   * @param {string} event
   * @param {object} payload
   * @returns {Promise<Answer>}
   */
  async call(event, payload) {
    for (let turn = 0; turn < ASKED; turn += 1) {
      const answer = await this.#ask(event, payload);
      if (answer.ok || answer.error) return answer;
    }
    return { ok: false, error: NO_ANSWER };
  }

  /** @param {string} event @param {object} payload */
  async #ask(event, payload) {
    try {
      return await this.#socket.timeout(ACK_MS).emitWithAck(event, payload);
    } catch {
      return { ok: false };
    }
  }

  /** @param {string} reason */
  #lost(reason) {
    this.#join += 1;
    this.#become("lost");
    // The hub ended it, so the client does not come back by itself; it was told why, or is restarting.
    if (reason === "io server disconnect") setTimeout(() => this.#socket.connect(), RETRY_MS);
  }

  /** @param {any} error */
  #refused(error) {
    if (FINAL.has(error.data?.code)) {
      this.#socket.disconnect();
      return this.#onEnd("refused");
    }
    this.#become("lost");
    if (!this.#socket.active) setTimeout(() => this.#socket.connect(), RETRY_MS);
  }

  /** @param {LinkState} state */
  #become(state) {
    this.state = state;
    this.#onState();
  }
}
