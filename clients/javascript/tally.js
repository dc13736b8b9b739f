// A client of the Tally server for browsers and Node (18 or newer), without dependencies.
import { ConnectionFailed, DeadlineExceeded, ProtocolError, RemoteError, TallyError } from "./errors.js";
import * as protocol from "./protocol.js";

export { ConnectionFailed, DeadlineExceeded, ProtocolError, RemoteError, TallyError };

/**
 * @typedef {object} Options
 * @property {string} [token] the server's token
 * @property {number | null} [timeoutMs] for a call that has none of its own; null: as long as it takes (default 30,000)
 *
 * @typedef {object} CallOptions
 * @property {number} [timeoutMs] both ends give the call up after it
 * @property {AbortSignal} [signal] ends the call; the job goes on
 *
 * @typedef {object} JobStatus as docs/protocol.md has it
 * @property {string} jobId
 * @property {"waiting" | "queued" | "running" | "succeeded" | "failed" | "cancelled"} state
 * @property {string} input
 * @property {string} output
 * @property {{phase: string, bytesRead: number, bytesTotal?: number, rows: number, groups: number, secondsLeft?: number}} progress
 * @property {boolean} published
 * @property {{output: string, bytes: number, rows: number, sha256: string, url: string}} [result]
 * @property {{status: string, reason: string, message: string, file?: string, line?: number, column?: number}} [error]
 */

/**
 * A client of one server.
 *
 * ```js
 * const tally = new Client("http://127.0.0.1:8000");
 * const job = await tally.submit("plays.csv", "sums.csv");
 * for await (const item of tally.progress(job.jobId)) console.log(item.result ?? item.event.status.progress);
 * ```
 */
export class Client {
  #server;
  #options;

  /** @param {string} [server] its URL; empty in a page that the server itself has sent @param {Options} [options] */
  constructor(server = "http://127.0.0.1:8000", options = {}) {
    this.#server = server.replace(/\/+$/, "");
    this.#options = options;
  }

  /**
   * Calls a method and returns its result; parameters by name in an object, by position in an array. What may be repeated is
   * sent again while the server is away.
   * @param {string} method @param {protocol.Parameters} [params] @param {CallOptions} [options] @returns {Promise<any>}
   * @throws {RemoteError | ConnectionFailed | DeadlineExceeded | ProtocolError}
   */
  async call(method, params, options = {}) {
    const keyed = protocol.keyed(method, params);
    const message = protocol.call(1, method, keyed);
    return this.#repeating(protocol.mayRepeat(method, keyed), options, async (left) => protocol.result(await this.#ask(message, left, options)));
  }

  /**
   * Calls methods in one request; returns their results in order, a RemoteError where one failed.
   * @param {[string, protocol.Parameters?][]} calls @param {CallOptions} [options] @returns {Promise<any[]>}
   */
  async batch(calls, options = {}) {
    const keyed = calls.map(([method, params]) => /** @type {[string, any]} */ ([method, protocol.keyed(method, params)]));
    const message = keyed.map(([method, params], id) => protocol.call(id, method, params));
    const repeats = keyed.every(([method, params]) => protocol.mayRepeat(method, params));
    return this.#repeating(repeats, options, async (left) => protocol.batchResults(calls.length, await this.#ask(message, left, options)));
  }

  /**
   * Calls a stream method: its events and, last, its result. A broken stream goes on after the last event.
   * @param {string} method @param {protocol.Parameters} [params] @param {{signal?: AbortSignal}} [options]
   * @returns {AsyncGenerator<protocol.StreamItem, void, void>}
   */
  async *stream(method, params, options = {}) {
    const message = protocol.call(1, method, params);
    const state = new protocol.StreamState();
    let failures = 0;
    let failingSince = 0;
    while (!state.isOver) {
      try {
        for await (const item of this.#streamOnce(message, state, options)) {
          failures = 0;
          yield item;
        }
        if (!state.isOver) throw new ConnectionFailed("the stream ended without its final response");
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (state.wasSteady()) failures = 0;
        if (failures === 0) failingSince = Date.now();
        failures += 1;
        if (Date.now() - failingSince > protocol.reconnectMs) throw error;
        await sleep(protocol.pauseMs(error, failures), options.signal);
      }
    }
  }

  // --- Jobs ---

  /**
   * Submits a job; `spec` as in docs/protocol.md: groupBy, aggregates, where, idempotencyKey, …
   * @param {string | string[]} input @param {string} output @param {Record<string, any>} [spec] @param {CallOptions} [options]
   * @returns {Promise<JobStatus>}
   */
  submit(input, output, spec = {}, options = {}) { return this.call("submitJob", { input, output, ...spec }, options); }

  /** @param {string} jobId @returns {Promise<JobStatus>} */
  status(jobId) { return this.call("getStatus", { jobId }); }

  /** @param {string} jobId @param {{signal?: AbortSignal}} [options] */
  progress(jobId, options = {}) { return this.stream("streamProgress", { jobId }, options); }

  /** Waits for a job's end, and returns its last status: look at `state`. @param {string} jobId @returns {Promise<JobStatus>} */
  async wait(jobId) {
    for await (const item of this.progress(jobId)) if (item.isLast) return item.result;
    throw new ProtocolError("the stream has no result");
  }

  /** Asks for a job's end; `wait` tells when its work has stopped. @param {string} jobId @returns {Promise<JobStatus>} */
  cancel(jobId) { return this.call("cancelJob", { jobId }); }

  /** A job's answer, as it comes. @param {string} jobId @param {CallOptions} [options] @returns {Promise<ReadableStream<Uint8Array>>} */
  async download(jobId, options = {}) {
    const response = await this.exchange("GET", `/results/${encodeURIComponent(jobId)}`, this.#authorization(), undefined, options.signal);
    if (response.status !== 200) protocol.result(parsed(response, await response.text()));
    return /** @type {ReadableStream<Uint8Array>} */ (response.body);
  }

  // --- HTTP ---

  /**
   * One HTTP request as it is.
   * @param {string} method @param {string} path @param {Record<string, string>} headers @param {BodyInit} [body]
   * @param {AbortSignal} [signal] @returns {Promise<Response>}
   */
  async exchange(method, path, headers, body, signal) {
    try {
      return await fetch(this.#server + path, { method, headers, body, signal, redirect: "error" });
    } catch (error) {
      throw signal?.aborted ? signal.reason : failed(error);
    }
  }

  #authorization() { return this.#options.token ? { Authorization: `Bearer ${this.#options.token}` } : {}; }

  /** @param {any} message @param {number | null} left @param {CallOptions} options */
  async #ask(message, left, { signal }) {
    const headers = { "Content-Type": "application/json", Accept: "application/json", ...this.#authorization(), ...(left === null ? {} : { "Tally-Timeout-Ms": String(Math.max(1, Math.floor(left))) }) };
    // The server answers at the deadline; the little more is for its answer's way.
    const timeout = left === null ? undefined : AbortSignal.timeout(left + 500);
    const both = joined(signal, timeout);
    try {
      const response = await this.exchange("POST", "/rpc", headers, JSON.stringify(message), both);
      return parsed(response, await response.text());
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (timeout?.aborted) throw new DeadlineExceeded(`no answer came within ${Math.round(left ?? 0)} ms`);
      throw error instanceof TallyError ? error : failed(error);
    }
  }

  /**
   * @template Value
   * @param {boolean} repeats @param {CallOptions} options @param {(left: number | null) => Promise<Value>} body @returns {Promise<Value>}
   */
  async #repeating(repeats, options, body) {
    const timeout = options.timeoutMs ?? (this.#options.timeoutMs === undefined ? 30_000 : this.#options.timeoutMs);
    const end = timeout === null ? Infinity : Date.now() + timeout;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await body(timeout === null ? null : end - Date.now());
      } catch (error) {
        const wait = protocol.pauseMs(error, attempt);
        if (!repeats || !isPassing(error) || attempt === protocol.attemptsMost || Date.now() + wait >= end) throw error;
        await sleep(wait, options.signal);
      }
    }
  }

  /** @param {any} message @param {protocol.StreamState} state @param {{signal?: AbortSignal}} options */
  async *#streamOnce(message, state, { signal }) {
    const ours = new AbortController();
    let timer = setTimeout(() => ours.abort(), protocol.silenceMs);
    state.openedAt = Infinity;
    const headers = { "Content-Type": "application/json", Accept: "text/event-stream", ...this.#authorization(), ...(state.cursor ? { "Last-Event-ID": state.cursor } : {}) };
    try {
      const response = await this.exchange("POST", "/rpc", headers, JSON.stringify(message), joined(signal, ours.signal));
      if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
        protocol.result(parsed(response, await response.text()));
        throw new ProtocolError("the answer is no stream");
      }
      state.openedAt = Date.now();
      const decoder = new protocol.SSEDecoder();
      const text = new TextDecoder();
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      while (!state.isOver) {
        clearTimeout(timer);
        timer = setTimeout(() => ours.abort(), protocol.silenceMs);
        const { done, value } = await reader.read();
        if (done) return;
        for (const event of decoder.feed(text.decode(value, { stream: true }))) {
          const item = state.item(event);
          if (item) yield item;
        }
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error instanceof TallyError ? error : failed(error);
    } finally {
      clearTimeout(timer);
      ours.abort();
    }
  }
}

/** @param {Response} response @param {string} text */
function parsed(response, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtocolError(`HTTP ${response.status}, and no JSON: ${text.slice(0, 200)}`);
  }
}

/** @param {any} error */
function failed(error) { return new ConnectionFailed(error?.cause?.message ?? error?.message ?? String(error), { cause: error }); }

/** @param {any} error */
function isPassing(error) { return error instanceof ConnectionFailed || (error instanceof RemoteError && error.status === "UNAVAILABLE"); }

/** A signal that either of two raises. @param {(AbortSignal | undefined)[]} signals @returns {AbortSignal | undefined} */
function joined(...signals) {
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
function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
    if (signal?.aborted) { clearTimeout(timer); reject(signal.reason); }
  });
}
