// What a server does only rarely: it stalls, breaks, answers late. A small one of sockets does it here, on purpose.
import assert from "node:assert/strict";
import net from "node:net";
import test from "node:test";
import { text } from "../protocol.js";
import { Client, ConnectionFailed, DeadlineExceeded, ProtocolError, RemoteError } from "../tally.js";
import { Silence } from "../waiting.js";

const answer = "0123456789".repeat(1_000);

/** Answers each connection by the next step. @param {((socket: net.Socket, request: string) => void)[]} steps */
async function scripted(steps, use) {
  const requests = [];
  const sockets = [];
  const listener = net.createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    let received = "";
    let isAnswered = false;
    socket.on("data", (piece) => {
      received += piece;
      const [head, body] = received.split("\r\n\r\n");
      if (isAnswered || body === undefined || body.length < Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)) return;
      isAnswered = true;
      requests.push(received);
      steps[requests.length - 1]?.(socket, head);
    });
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", () => resolve(undefined)));
  try {
    await use(new Client(`http://127.0.0.1:${listener.address().port}`), requests);
  } finally {
    for (const socket of sockets) socket.destroy();
    listener.close();
  }
}

const whole = (status, body, more = "") => (socket) => socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${more}Connection: close\r\n\r\n${body}`);
const result = (value) => whole("200 OK", JSON.stringify({ jsonrpc: "2.0", id: 1, result: value }));
const error = (status, http = "200 OK") => whole(http, JSON.stringify({ jsonrpc: "2.0", id: 1, error: { code: -32000, message: "no", data: { status, reason: "X" } } }));
const stalled = (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\nETag: "a1"\r\n\r\n${answer.slice(0, 4_000)}`);
const broken = (socket) => { stalled(socket); setTimeout(() => socket.destroy(), 100); };
const gone = (socket) => socket.destroy();
const rest = (socket, head) => {
  assert.match(head, /if-range: "a1"/i);
  const start = Number(/range: bytes=(\d+)-/i.exec(head)?.[1]);
  socket.end(`HTTP/1.1 206 Partial Content\r\nContent-Length: ${answer.length - start}\r\nETag: "a1"\r\nConnection: close\r\n\r\n${answer.slice(start)}`);
};
const read = async (stream) => new Response(stream).text();

for (const [name, step] of [["stalls", stalled], ["breaks", broken]]) {
  test(`a download that ${name} goes on where it stopped`, async () => {
    Silence.ms = 500;
    try {
      await scripted([step, rest], async (client, requests) => {
        assert.equal(await read(await client.download("job")), answer);
        assert.equal(requests.length, 2);
      });
    } finally {
      Silence.ms = 45_000;
    }
  });
}

test("an answer that has changed is not mixed", () => scripted([broken, whole("200 OK", "another", 'ETag: "b2"\r\n')], async (client) => {
  await assert.rejects(async () => read(await client.download("job")), ProtocolError);
}));

test("a download and a wait have a timeout", async () => {
  await scripted([stalled], async (client) => { await assert.rejects(async () => read(await client.download("job", { timeoutMs: 300 })), DeadlineExceeded); });
  const silent = (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  await scripted([silent], async (client) => { await assert.rejects(client.wait("job", { timeoutMs: 300 }), DeadlineExceeded); });
});

test("a deadline is one error, whoever has noticed it", async () => {
  await scripted([error("DEADLINE_EXCEEDED")], async (client) => {
    await assert.rejects(client.call("getStatus", { jobId: "x" }), (found) => found instanceof DeadlineExceeded && found.cause instanceof RemoteError && found.status === "DEADLINE_EXCEEDED");
  });
  await scripted([() => {}], async (client) => { await assert.rejects(client.call("getStatus", { jobId: "x" }, { timeoutMs: 200 }), DeadlineExceeded); });
});

test("a call is sent again until its deadline", () => scripted([gone, gone, gone, gone, gone, result(7)], async (client, requests) => {
  assert.equal(await client.call("getStatus", { jobId: "x" }, { timeoutMs: 20_000 }), 7);
  assert.equal(requests.length, 6);
}));

test("what may not be repeated is not", () => scripted([gone, result(1)], async (client, requests) => {
  await assert.rejects(client.call("retryJob", { jobId: "x" }), ConnectionFailed);
  assert.equal(requests.length, 1);
}));

test("a BigInt keeps its digits", async () => {
  assert.equal(text({ a: 9007199254740993n, b: [-1n, "1n", 1.5], c: "bigint" }), '{"a":9007199254740993,"b":[-1,"1n",1.5],"c":"bigint"}');
  await scripted([result(1)], async (client, requests) => {
    await client.call("getStatus", { n: 12345678901234567890n });
    assert.match(requests[0], /"n":12345678901234567890}/);
  });
});

test("an ID is one part of the path", () => scripted([error("NOT_FOUND", "404 Not Found")], async (client, requests) => {
  await assert.rejects(client.download("../rpc?a=b#c/d"), RemoteError);
  assert.match(requests[0], /^GET \/results\/..%2Frpc%3Fa%3Db%23c%2Fd HTTP/);
}));

test("a URL that is none is refused", () => {
  for (const url of ["http://", "ftp://h", "h:80", "http://h/?a=b", "http://h/#a", "http://u:p@h", "nonsense"]) assert.throws(() => new Client(url), TypeError, url);
});
