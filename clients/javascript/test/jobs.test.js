// Jobs from beginning to end, and streams whose connection breaks.
import crypto from "node:crypto";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import net from "node:net";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { SSEDecoder } from "../protocol.js";
import { Client, ConnectionFailed, DeadlineExceeded, RemoteError } from "../tally.js";

const server = process.env.TALLY_SERVER;
const expected = "Song,Date,Total Number of Plays for Date\n";
const later = { startAt: "2999-01-01T00:00:00Z" };
const output = () => `javascript-${randomUUID()}.csv`;
const tally = new Client(server);

/** Passes connections on to the server, and cuts the first one after so many bytes of the answer. */
function proxy(cut) {
  const { hostname, port } = new URL(server);
  let isFirst = true;
  const listener = net.createServer((client) => {
    let left = isFirst ? cut : Infinity;
    isFirst = false;
    const target = net.connect(Number(port), hostname);
    client.pipe(target);
    target.on("data", (piece) => {
      client.write(piece.subarray(0, Math.min(piece.length, left)));
      left -= piece.length;
      if (left <= 0) { client.end(); target.destroy(); }
    });
    target.on("end", () => client.end());
    for (const side of [client, target]) side.on("error", () => { client.destroy(); target.destroy(); });
  });
  return new Promise((resolve) => listener.listen(0, "127.0.0.1", () => resolve({ url: `http://127.0.0.1:${listener.address().port}`, close: () => listener.close() })));
}

test("a job", async () => {
  const job = await tally.submit("plays.csv", output());
  const items = [];
  for await (const item of tally.progress(job.jobId)) items.push(item);
  assert.deepEqual(items.map((item) => item.isLast).lastIndexOf(true), items.findIndex((item) => item.isLast));
  assert.equal(items.at(-1).result.state, "succeeded");
  let text = "";
  for await (const piece of await tally.download(job.jobId)) text += Buffer.from(piece);
  assert.ok(text.startsWith(expected) && text.length === items.at(-1).result.result.bytes);
});

test("a job without an output", async () => {
  const { jobId } = await tally.submit("plays.csv");
  const last = await tally.wait(jobId);
  assert.deepEqual([last.state, last.published, "output" in last], ["succeeded", false, false]);
  let text = "";
  for await (const piece of await tally.download(jobId)) text += Buffer.from(piece);
  assert.ok(text.startsWith(expected));
});

test("a file is uploaded", async () => {
  const name = `up loads/${crypto.randomUUID()} é+%.csv`;
  const text = "k,n\na,1\nb,2\na,3\n";
  const file = await tally.upload(name, text);
  assert.deepEqual([file.name, file.bytes, file.replaced], [name, text.length, false]);
  const { jobId } = await tally.submit(name, undefined, { groupBy: ["k"], aggregates: [{ function: "sum", column: "n" }] });
  await tally.wait(jobId);
  let answer = "";
  for await (const piece of await tally.download(jobId)) answer += Buffer.from(piece);
  assert.equal(answer, "k,sum(n)\na,4\nb,2\n");
  await assert.rejects(tally.upload("a/../b.csv", "other"), TypeError);
  await assert.rejects(tally.upload(name, "other"), (error) => error.reason === "FILE_EXISTS");
  assert.equal((await tally.upload(name, new Blob(["k\n"]), { replace: true })).replaced, true);
  const stream = new ReadableStream({ start(controller) { controller.enqueue(new TextEncoder().encode(text)); controller.close(); } });
  assert.equal((await tally.upload(name, stream, { replace: true })).bytes, text.length);
});

test("errors, batches, cancellation, deadlines", async () => {
  const { jobId } = await tally.submit("plays.csv", output(), later);
  const [first, second] = await tally.batch([["getStatus", { jobId }], ["getStatus", { jobId: "none" }]]);
  assert.equal(first.state, "waiting");
  assert.deepEqual([second.status, second.reason, second.field], ["NOT_FOUND", "JOB_NOT_FOUND", "jobId"]);
  await assert.rejects(tally.call("streamProgress", { jobId, waitMs: 20_000 }, { timeoutMs: 200 }), (error) => error instanceof DeadlineExceeded || error.status === "DEADLINE_EXCEEDED");
  await assert.rejects(tally.call("streamProgress", { jobId, waitMs: 20_000 }, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  assert.equal((await tally.cancel(jobId)).state, "cancelled");
  await assert.rejects(tally.submit("none.csv", output()), (error) => error instanceof RemoteError && error.reason === "INPUT_NOT_FOUND");
  await assert.rejects(new Client("http://127.0.0.1:1", { timeoutMs: 300 }).status("x"), ConnectionFailed);
});

test("a stream that is cut anywhere goes on", async () => {
  const { jobId } = await tally.submit("plays.csv", output());
  const last = await tally.wait(jobId);
  for (let cut = 0; cut < 1_200; cut += 7) {
    const between = await proxy(cut);
    const items = [];
    for await (const item of new Client(between.url).progress(jobId)) items.push(item);
    between.close();
    assert.deepEqual(items, [{ result: last, isLast: true }], `cut after ${cut} bytes`);
  }
});

test("events are the same however their text is split", () => {
  const text = 'retry: 5\r\n\r\nid: a.1.2\r\ndata: {"x":\r\ndata: 1}\r\n\r\n: beat\n\ndata:2\n\n';
  const whole = new SSEDecoder().feed(text);
  assert.deepEqual(whole, [{ id: "a.1.2", data: '{"x":\n1}' }, { id: "", data: "2" }]);
  for (let cut = 0; cut <= text.length; cut += 1) {
    const decoder = new SSEDecoder();
    assert.deepEqual([...decoder.feed(text.slice(0, cut)), ...decoder.feed(text.slice(cut))], whole, `cut at ${cut}`);
  }
});

test("the example", () => {
  const text = execFileSync(process.execPath, [fileURLToPath(new URL("../example.js", import.meta.url)), server], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  assert.ok(text.startsWith(expected));
});
