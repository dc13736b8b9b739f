/** Any failure of a call. */
export class TallyError extends Error {
  get name() { return this.constructor.name; }
}

/** The server's error response (docs/protocol.md, "Errors"). */
export class RemoteError extends TallyError {
  /** @param {{code: number, message: string, data?: Record<string, any>}} error */
  constructor(error) {
    const data = error.data ?? {};
    super(`${error.message} [${data.status ?? "UNKNOWN"} ${data.reason ?? ""}]`);
    /** JSON-RPC's number. */
    this.code = error.code;
    /** gRPC's name, such as NOT_FOUND. @type {string} */
    this.status = data.status ?? "UNKNOWN";
    /** Such as JOB_NOT_FOUND. @type {string} */
    this.reason = data.reason ?? "";
    /** The parameter that is wrong. @type {string | undefined} */
    this.field = data.field;
    /** Milliseconds to wait before another attempt. @type {number | undefined} */
    this.retryAfterMs = data.retryAfterMs;
  }
}

/** The server can't be reached, or the connection broke before the answer had come. */
export class ConnectionFailed extends TallyError {}

/** No answer came within the call's timeout, whichever end has noticed it first; `cause` is the server's error, where it was the server. */
export class DeadlineExceeded extends TallyError {
  status = "DEADLINE_EXCEEDED";
  reason = "DEADLINE_EXCEEDED";
}

/** The error of a JSON-RPC error object. @param {any} error */
export function remoteError(error) {
  const found = new RemoteError(error);
  return found.status === "DEADLINE_EXCEEDED" ? new DeadlineExceeded(found.message, { cause: found }) : found;
}

/** What came isn't what a Tally server answers. */
export class ProtocolError extends TallyError {}
