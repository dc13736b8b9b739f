// How long is waited, and what a failure is: of a connection's silence, of signals, of pauses.
import { ConnectionFailed, ProtocolError, RemoteError } from "./errors.js";
import { silenceMs } from "./protocol.js";

/** Ends a connection that sends nothing for too long. */
export class Silence {
  #controller = new AbortController();
  #timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

  constructor() { this.begin(); }

  get signal() { return this.#controller.signal; }

  /** The other end is to send something from now on. */
  begin() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(new ConnectionFailed(`no byte in ${Silence.ms} ms`)), Silence.ms);
  }

  /** It is the caller who waits, as long as it likes. */
  end() { clearTimeout(this.#timer); }

  close() {
    this.end();
    this.#controller.abort();
  }

  static ms = silenceMs;
}

/** @param {Response} response @param {string} text */
export function parsed(response, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtocolError(`HTTP ${response.status}, and no JSON: ${text.slice(0, 200)}`);
  }
}

/** @param {any} error */
export function failed(error) { return new ConnectionFailed(error?.cause?.message ?? error?.message ?? String(error), { cause: error }); }

/** @param {any} error */
export function isPassing(error) { return error instanceof ConnectionFailed || (error instanceof RemoteError && error.status === "UNAVAILABLE"); }

/** A signal that either of two raises. @param {(AbortSignal | undefined)[]} signals @returns {AbortSignal | undefined} */
export function joined(...signals) {
  const given = /** @type {AbortSignal[]} */ (signals.filter(Boolean));
  if (given.length < 2) return given[0];
  const both = new AbortController();
  for (const signal of given) {
    if (signal.aborted) both.abort(signal.reason);
    signal.addEventListener("abort", () => both.abort(signal.reason), { once: true, signal: both.signal });
  }
  return both.signal;
}

/** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
export function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
    if (signal?.aborted) { clearTimeout(timer); reject(signal.reason); }
  });
}
