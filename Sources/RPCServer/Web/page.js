"use strict";
const $ = id => document.getElementById(id);
let follower = null;

async function call(method, params) {
  const response = await fetch("/rpc", {
    method: "POST", headers: { "Content-Type": "application/json", "Accept": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) });
  const reply = await response.json();
  if (reply.error) throw new Error(reply.error.message);
  return reply.result;
}

// The stream of POST /rpc, line by line: events, then one response.
async function follow(jobId, show, signal) {
  const response = await fetch("/rpc", {
    method: "POST", signal, headers: { "Content-Type": "application/json", "Accept": "application/x-ndjson" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "streamProgress", params: { jobId } }) });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The connection was lost.");
    text += value;
    let end;
    while ((end = text.indexOf("\n")) >= 0) {
      const line = text.slice(0, end).trim();
      text = text.slice(end + 1);
      if (!line) continue;
      const message = JSON.parse(line);
      if (message.method) { show(message.params.status); continue; }
      if (message.error) throw Object.assign(new Error(message.error.message), { data: message.error.data });
      return show(message.result);
    }
  }
}

const bytes = n => n < 1024 ? n + " B" : n < 1048576 ? (n / 1024).toFixed(1) + " KiB" : n < 1073741824 ? (n / 1048576).toFixed(1) + " MiB" : (n / 1073741824).toFixed(1) + " GiB";
// The words of the application that Tally replaces, beside the states.
const words = { waiting: "pending (waiting)", queued: "pending (queued)", running: "pending (running)", succeeded: "ready", failed: "failed", cancelled: "cancelled" };

function show(status) {
  const final = ["succeeded", "failed", "cancelled"].includes(status.state);
  $("state").textContent = words[status.state] || status.state;
  $("state").className = status.state === "succeeded" ? "good" : status.state === "failed" ? "bad" : "";
  $("cancel").hidden = final;
  const p = status.progress, bar = $("bar");
  bar.hidden = final;
  if (p.bytesTotal) bar.value = p.bytesRead / p.bytesTotal; else bar.removeAttribute("value");
  const detail = $("detail");
  detail.textContent = "";
  if (status.state === "running") {
    detail.textContent = `${p.phase}: ${bytes(p.bytesRead)}${p.bytesTotal ? " of " + bytes(p.bytesTotal) : ""}, ${p.rows.toLocaleString()} rows, ${p.rowsPerSecond.toLocaleString()} rows/s${p.secondsLeft != null ? ", " + Math.ceil(p.secondsLeft) + " s left" : ""}`;
    if (status.error) detail.append(" ", status.error.message);
  } else if (status.state === "succeeded") {
    const link = document.createElement("a");
    link.href = status.result.url;
    link.textContent = `${status.result.output ?? status.jobId} (${status.result.rows.toLocaleString()} rows, ${bytes(status.result.bytes)})`;
    detail.append(link);
    if (!status.published && status.error) detail.append(" ", status.error.message);
  }
  if (status.state === "failed") detail.textContent = status.error ? status.error.message : "";
  if (final) $("spoken").textContent = "The job is " + $("state").textContent + ".";
}

function fail(error) {
  $("state").textContent = error.message;
  $("state").className = "bad";
  $("detail").textContent = "";
  $("bar").hidden = $("cancel").hidden = true;
}

async function watch(jobId) {
  follower?.abort();
  follower = new AbortController();
  const { signal } = follower;
  $("spoken").textContent = "";
  for (;;) {
    try {
      return await follow(jobId, show, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error.data && error.data.status !== "UNAVAILABLE") return fail(error);
      $("detail").textContent = "The server can't be reached; trying again.";
      await new Promise(done => setTimeout(done, 2000));
      if (signal.aborted) return;
    }
  }
}

$("submit").addEventListener("submit", async event => {
  event.preventDefault();
  const button = event.target.querySelector("button"), note = $("submitted");
  button.disabled = true;
  try {
    const job = await call("submitJob", { input: $("input").value.trim(), output: $("output").value.trim() });
    note.className = "";
    note.textContent = "Job " + job.jobId;
    $("job").value = job.jobId;
    watch(job.jobId);
  } catch (error) {
    note.className = "bad";
    note.textContent = error.message;
  } finally {
    button.disabled = false;
  }
});
$("query").addEventListener("submit", event => { event.preventDefault(); watch($("job").value.trim()); });
$("cancel").addEventListener("click", () => call("cancelJob", { jobId: $("job").value.trim() }).catch(fail));
