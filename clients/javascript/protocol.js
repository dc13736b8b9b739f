// The protocol without I/O: requests, answers, server-sent events, and when a call is sent again.
import { DeadlineExceeded, ProtocolError, RemoteError, remoteError } from "./errors.js";

/** @typedef {Record<string, any> | any[] | undefined} Parameters */
/** @typedef {{event?: any, result?: any, isLast: boolean}} StreamItem An event, or, last and once, the result. */

// Calling them twice is as calling them once; submitJob is repeatable by its key. Written by clients/methods.py.
const repeatable = new Set([
  "cancelJob", "deleteJob", "describeInput", "getResult", "getStatus", "listEvents", "listInputs", "listJobs",
  "rpc.discover", "rpc.stats", "streamProgress", "watchJobs",
]);
/** Milliseconds for which a broken stream or download, and a call without a timeout, tries to come back. */
export const reconnectMs = 30_000;
/** Milliseconds without a byte after which the other end of a stream or download counts as gone: three of the server's heartbeats. */
export const silenceMs = 45_000;
/** A connection that has stood so long ends a row of failures, though nothing may have happened that it could tell. */
export const steadyMs = 5_000;
const eventMost = 16 << 20;

/**
 * A request object; a notification without an ID.
 * @param {number | undefined} id @param {string} method @param {Parameters} params
 */
export function call(id, method, params) {
  return { jsonrpc: "2.0", ...(id === undefined ? {} : { id }), method, ...(params === undefined ? {} : { params }) };
}

/**
 * A server's URL without the slash at its end; the empty one is of the page's own server.
 * @param {string} url @throws {TypeError} for what is none
 */
export function serverURL(url) {
  if (url === "") return url;
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    throw new TypeError(`'${url}' is no server's URL, as http://127.0.0.1:8000 is`);
  }
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") throw new TypeError(`'${url}' is no server's URL: it begins with http:// or https://`);
  if (url.includes("?") || url.includes("#")) throw new TypeError(`'${url}' has a query or a fragment, which a server's URL can't have`);
  if (parsed.username || parsed.password) throw new TypeError("a server's URL holds no user name and no password: give the token as an option");
  return url.replace(/\/+$/, "");
}

/** A value as JSON; a BigInt is a number with all its digits. @param {any} value @returns {string} */
export function text(value) {
  let mark = "";
  const json = JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? (mark ||= `bigint-${newKey()}-`) + inner : inner));
  // The mark is a new one: no string of the caller's has it.
  return mark ? json.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, "g"), "$1") : json;
}

/**
 * A submission gets an idempotency key, so that it may be repeated.
 * @param {string} method @param {Parameters} params @returns {Parameters}
 */
export function keyed(method, params) {
  const isNamed = params !== undefined && !Array.isArray(params);
  return method === "submitJob" && isNamed && !params.idempotencyKey ? { ...params, idempotencyKey: newKey() } : params;
}

/** 128 random bits. A page that isn't served by HTTPS has no `crypto.randomUUID`, and neither has Node 18 a global `crypto`. */
function newKey() {
  const bytes = globalThis.crypto ? globalThis.crypto.getRandomValues(new Uint8Array(16)) : Uint8Array.from({ length: 16 }, () => Math.floor(Math.random() * 256));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} method @param {any} params */
export function mayRepeat(method, params) {
  return repeatable.has(method) || (method === "submitJob" && Boolean(params?.idempotencyKey));
}

/**
 * A response's result.
 * @param {any} response @returns {any} @throws {RemoteError | ProtocolError}
 */
export function result(response) {
  if (response?.jsonrpc !== "2.0" || "result" in response === "error" in response) {
    throw new ProtocolError(`no JSON-RPC response: ${JSON.stringify(response)?.slice(0, 200)}`);
  }
  if ("error" in response) throw remoteError(response.error);
  return response.result;
}

/**
 * The results of a batch in the order of its calls; an error stands for the call that it belongs to.
 * @param {number} count @param {any} responses @returns {any[]}
 */
export function batchResults(count, responses) {
  if (!Array.isArray(responses)) return result(responses);
  const byID = new Map(responses.map((response) => [response?.id, response]));
  const ids = [...Array(count).keys()];
  if (byID.size !== count || !ids.every((id) => byID.has(id))) {
    throw new ProtocolError(`a batch of ${count} calls was answered with the IDs ${[...byID.keys()]}`);
  }
  return ids.map((id) => {
    try {
      return result(byID.get(id));
    } catch (error) {
      if (error instanceof DeadlineExceeded) return error.cause;
      if (error instanceof RemoteError) return error;
      throw error;
    }
  });
}

/**
 * Milliseconds before the next attempt: doubling, with jitter, and not before the server wants it.
 * @param {any} error @param {number} attempt
 */
export function pauseMs(error, attempt) {
  const wait = Math.min(100 * 2 ** Math.min(attempt - 1, 16), 5_000) * (0.5 + Math.random() / 2);
  return Math.max(wait, error.retryAfterMs ?? 0);
}

/** Server-sent events (WHATWG HTML, section 9.2) from pieces of text of any size. */
export class SSEDecoder {
  #text = "";
  #data = /** @type {string[]} */ ([]);
  #id = "";

  /** @param {string} piece @returns {{id: string, data: string}[]} each event, with the ID that is its own */
  feed(piece) {
    this.#text += piece;
    if (this.#text.length > eventMost) throw new ProtocolError(`an event is larger than ${eventMost} characters`);
    const events = [];
    // A CR at the end may be half of a CR LF.
    const lines = this.#text.split(/\r\n|\n|\r(?!$)/);
    this.#text = /** @type {string} */ (lines.pop());
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0) events.push({ id: this.#id, data: this.#data.join("\n") });
        this.#data = [];
        this.#id = "";
        continue;
      }
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "data") this.#data.push(value);
      if (name === "id" && !value.includes("\0")) this.#id = value;
    }
    return events;
  }
}

/** What a stream has told so far: its cursor, whether it is over, and that nothing comes twice. */
export class StreamState {
  cursor = "";
  isOver = false;
  /** When the connection stood that has served last. */
  openedAt = Infinity;

  wasSteady() { return Date.now() - this.openedAt >= steadyMs; }

  /**
   * The element that an event is; undefined: one that has been told already.
   * @param {{id: string, data: string}} event @returns {StreamItem | undefined}
   */
  item({ id, data }) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      throw new ProtocolError(`the stream holds no JSON: ${data.slice(0, 200)}`);
    }
    if ("method" in message) {
      if (id && !advances(this.cursor, id)) return undefined;
      this.cursor = id || this.cursor;
      return { event: message.params, isLast: false };
    }
    this.cursor = id || this.cursor;
    const value = result(message);
    this.isOver = true;
    return { result: value, isLast: true };
  }
}

/** Cursors strictly increase within a job: what a resumed stream repeats is left out. @param {string} from @param {string} to */
function advances(from, to) {
  const [oldJob, oldEpoch, oldSequence] = from.split(".");
  const [job, epoch, sequence] = to.split(".");
  if (oldJob !== job) return true;
  return Number(epoch) > Number(oldEpoch) || (epoch === oldEpoch && Number(sequence) > Number(oldSequence));
}
