// A client of the Tally server for browsers and Node (18 or newer), without dependencies.
import { ConnectionFailed, DeadlineExceeded, ProtocolError, RemoteError, TallyError } from "./errors.js";
import * as protocol from "./protocol.js";
import { Silence, failed, isPassing, joined, parsed, sleep } from "./waiting.js";

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
 * @property {string} [output] none: the result is only downloaded
 * @property {{phase: string, bytesRead: number, bytesTotal?: number, rows: number, groups: number, secondsLeft?: number}} progress
 * @property {boolean} published
 * @property {{output?: string, bytes: number, rows: number, sha256: string, url: string}} [result]
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
    this.#server = protocol.serverURL(server);
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

  /**
   * Waits for a job's end, and returns its last status: look at `state`. A timeout ends the waiting, never the job.
   * @param {string} jobId @param {CallOptions} [options] @returns {Promise<JobStatus>} @throws {DeadlineExceeded}
   */
  async wait(jobId, { timeoutMs, signal } = {}) {
    const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    try {
      for await (const item of this.progress(jobId, { signal: joined(signal, timeout) })) if (item.isLast) return item.result;
    } catch (error) {
      throw timeout?.aborted && !signal?.aborted ? new DeadlineExceeded(`the job didn't end within ${timeoutMs} ms`) : error;
    }
    throw new ProtocolError("the stream has no result");
  }

  /** Asks for a job's end; `wait` tells when its work has stopped. @param {string} jobId @returns {Promise<JobStatus>} */
  cancel(jobId) { return this.call("cancelJob", { jobId }); }

  /**
   * A job's answer, as it comes. A connection that breaks, or is silent for too long, goes on where it stopped.
   * @param {string} jobId @param {CallOptions} [options] @returns {Promise<ReadableStream<Uint8Array>>}
   */
  async download(jobId, { timeoutMs, signal } = {}) {
    const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const late = () => new DeadlineExceeded(`the answer didn't come within ${timeoutMs} ms`);
    const ours = new AbortController();
    const pieces = this.#pieces(`/results/${encodeURIComponent(jobId)}`, joined(signal, timeout, ours.signal));
    const next = async () => {
      try {
        return await pieces.next();
      } catch (error) {
        throw timeout?.aborted && !signal?.aborted ? late() : error;
      }
    };
    // An answer that there isn't is this call's error, not the stream's.
    let first = /** @type {IteratorResult<Uint8Array, void> | undefined} */ (await next());
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = first ?? (await next());
        first = undefined;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() { ours.abort(); },
    });
  }

  /**
   * Sends a file to the server's data folder, where jobs read it by that name. It appears when all of it has come; a name that is
   * taken is refused, unless it is to be replaced. Not sent again when the connection breaks: nothing of it is kept then.
   * @param {string} name @param {Blob | Uint8Array | string | ReadableStream<Uint8Array>} content a stream only where the runtime sends them
   * @param {{replace?: boolean, signal?: AbortSignal}} [options] @returns {Promise<{name: string, bytes: number, sha256: string, replaced: boolean}>}
   */
  async upload(name, content, { replace = false, signal } = {}) {
    const parts = name.split("/");
    // A URL would leave them out, however they are written.
    if (parts.some((part) => part === "." || part === "..")) throw new TypeError(`'${name}' can't be a file's name: it has '.' or '..' in it`);
    const path = "/files/" + parts.map(encodeURIComponent).join("/");
    const condition = replace ? { "If-Match": "*" } : { "If-None-Match": "*" };
    const headers = { Accept: "application/json", "Content-Type": "application/octet-stream", ...condition, ...this.#authorization() };
    const response = await this.exchange("PUT", path, headers, /** @type {BodyInit} */ (content), signal);
    try {
      const answer = parsed(response, await response.text());
      return response.ok ? answer : protocol.result(answer);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error instanceof TallyError ? error : failed(error);
    }
  }

  /** @param {string} path @param {AbortSignal | undefined} signal @returns {AsyncGenerator<Uint8Array, void, void>} */
  async *#pieces(path, signal) {
    let [count, tag, failures, failingSince] = [0, "", 0, 0];
    while (true) {
      const silence = new Silence();
      try {
        const part = count > 0 ? { Range: `bytes=${count}-`, "If-Range": tag } : {};
        const response = await this.exchange("GET", path, { ...this.#authorization(), ...part }, undefined, joined(signal, silence.signal));
        if (response.status !== 200 && response.status !== 206) protocol.result(parsed(response, await response.text()));
        if (count > 0 && response.status !== 206) throw new ProtocolError("the answer has changed while it was downloaded; begin again");
        tag = response.headers.get("etag") ?? "";
        const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
        const end = count + Number(response.headers.get("content-length"));
        while (true) {
          silence.begin();
          const { done, value } = await reader.read();
          if (done) break;
          count += value.length;
          failures = 0;
          silence.end();
          yield value;
        }
        if (count >= end) return;
        throw new ConnectionFailed(`the answer ended ${end - count} bytes early`);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        const failure = error instanceof TallyError ? error : failed(error);
        if (!isPassing(failure) || (count > 0 && !tag)) throw failure;
        if (failures === 0) failingSince = Date.now();
        failures += 1;
        if (Date.now() - failingSince > protocol.reconnectMs) throw failure;
        await sleep(protocol.pauseMs(failure, failures), signal);
      } finally {
        silence.close();
      }
    }
  }

  // --- HTTP ---

  /**
   * One HTTP request as it is.
   * @param {string} method @param {string} path @param {Record<string, string>} headers @param {BodyInit} [body]
   * @param {AbortSignal} [signal] @returns {Promise<Response>}
   */
  async exchange(method, path, headers, body, signal) {
    try {
      // A body that is a stream is only sent, and not read before its answer.
      const duplex = body instanceof ReadableStream ? { duplex: "half" } : {};
      return await fetch(this.#server + path, /** @type {RequestInit} */ ({ method, headers, body, signal, redirect: "error", ...duplex }));
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
      const response = await this.exchange("POST", "/rpc", headers, protocol.text(message), both);
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
    const end = Date.now() + (timeout ?? protocol.reconnectMs);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await body(timeout === null ? null : end - Date.now());
      } catch (error) {
        // While the server is away, until the call's deadline.
        const wait = protocol.pauseMs(error, attempt);
        if (!repeats || !isPassing(error) || Date.now() + wait >= end) throw error;
        await sleep(wait, options.signal);
      }
    }
  }

  /** @param {any} message @param {protocol.StreamState} state @param {{signal?: AbortSignal}} options */
  async *#streamOnce(message, state, { signal }) {
    const silence = new Silence();
    state.openedAt = Infinity;
    const headers = { "Content-Type": "application/json", Accept: "text/event-stream", ...this.#authorization(), ...(state.cursor ? { "Last-Event-ID": state.cursor } : {}) };
    try {
      const response = await this.exchange("POST", "/rpc", headers, protocol.text(message), joined(signal, silence.signal));
      if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
        protocol.result(parsed(response, await response.text()));
        throw new ProtocolError("the answer is no stream");
      }
      state.openedAt = Date.now();
      const decoder = new protocol.SSEDecoder();
      const text = new TextDecoder();
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      while (!state.isOver) {
        silence.begin();
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
      silence.close();
    }
  }
}
