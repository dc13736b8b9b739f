// All vectors: by the client's fetch, and those by node:http that fetch can't say (another Host, no Content-Length).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import test from "node:test";
import { SSEDecoder } from "../protocol.js";
import { Client } from "../tally.js";
import { problem } from "./matching.js";

const server = process.env.TALLY_VECTORS_SERVER;
const vectors = JSON.parse(readFileSync(process.env.TALLY_VECTORS, "utf8"));

function request({ method, path, headers = {}, body, bodyHex }) {
  const all = Object.entries({ "Content-Type": "application/json", Accept: "application/json", ...headers });
  return { method, path, headers: Object.fromEntries(all.filter(([, value]) => value !== null)), body: bodyHex === undefined ? (body === undefined ? undefined : Buffer.from(body)) : Buffer.from(bodyHex, "hex") };
}

const isForFetch = ({ method, headers, body }) => !("Host" in headers) && "Accept" in headers && (method === "GET" || body !== undefined);

function byNode({ method, path, headers, body }) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "Content-Length": body.length };
    const call = http.request(server + path, { method, headers: { ...headers, ...length } }, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => resolve([response.statusCode, (name) => response.headers[name], Buffer.concat(pieces).toString()]));
    });
    // Node would say a length of 0, or send chunks.
    if (body === undefined) for (const name of ["Content-Length", "Transfer-Encoding"]) call.removeHeader(name);
    call.on("error", reject);
    call.end(body);
  });
}

async function byFetch(client, { method, path, headers, body }) {
  const response = await client.exchange(method, path, headers, body);
  return [response.status, (name) => response.headers.get(name) ?? undefined, await response.text()];
}

function events(type, body) {
  if (type?.startsWith("text/event-stream")) return new SSEDecoder().feed(body);
  return body.split("\n").filter((line) => line.trim()).map((data) => ({ id: "", data }));
}

test("all vectors", async () => {
  const client = new Client(server);
  let fetched = 0;
  for (const vector of vectors) {
    const asked = request(vector.request);
    fetched += isForFetch(asked) ? 1 : 0;
    const [status, header, body] = isForFetch(asked) ? await byFetch(client, asked) : await byNode(asked);
    assert.equal(problem(vector.response, status, header, body, events(header("content-type"), body)), null, `${vector.file}: ${vector.name}`);
  }
  console.log(`javascript: ${vectors.length} vectors, ${fetched} of them by fetch`);
});
