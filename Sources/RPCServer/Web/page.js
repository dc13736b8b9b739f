import { Client, ConnectionFailed, RemoteError } from "./client/tally.js";

const tally = new Client("");
const $ = id => document.getElementById(id);
let follower = null;

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

// What a person is to read: without the names that programs look at.
const message = error => error instanceof RemoteError ? error.message.replace(/ \[[A-Z_ ]*\]$/, "") : error.message;

function fail(error) {
  $("state").textContent = message(error);
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
      for await (const item of tally.progress(jobId, { signal })) show(item.isLast ? item.result : item.event.status);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ConnectionFailed)) return fail(error);
      $("detail").textContent = "The server can't be reached; trying again.";
      await new Promise(done => setTimeout(done, 2000));
      if (signal.aborted) return;
    }
  }
}

// Sends a file; a browser's fetch doesn't tell how far it is.
function put(file, headers) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", "/files/" + encodeURIComponent(file.name));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = event => { if (event.lengthComputable) $("sending").value = event.loaded / event.total; };
    request.onload = () => {
      let answer;
      try { answer = JSON.parse(request.responseText); } catch { return reject(new Error(`The server answered ${request.status}.`)); }
      if (answer.error) reject(Object.assign(new Error(answer.error.message), { reason: answer.error.data?.reason }));
      else resolve(answer);
    };
    request.onerror = () => reject(new Error("The connection was lost, and nothing of the file is kept. Choose it again."));
    request.send(file);
  });
}

async function send(file, headers = {}) {
  const note = $("sent"), bar = $("sending"), button = $("submit").querySelector("button:not([type])");
  note.className = "";
  note.textContent = `Sending ${file.name} …`;
  bar.hidden = false;
  bar.value = 0;
  $("replace").hidden = true;
  button.disabled = true;
  try {
    const taken = await put(file, headers);
    $("input").value = taken.name;
    note.textContent = `${taken.name} is on the server (${bytes(taken.bytes)}).`;
  } catch (error) {
    note.className = "bad";
    const isThere = error.reason === "FILE_EXISTS";
    note.textContent = isThere ? `There is a file '${file.name}' on the server already.` : error.message;
    $("replace").hidden = !isThere;
  } finally {
    bar.hidden = true;
    button.disabled = false;
  }
}

$("local").addEventListener("change", event => { if (event.target.files[0]) send(event.target.files[0]); });
$("replace").addEventListener("click", () => { if ($("local").files[0]) send($("local").files[0], { "If-Match": "*" }); });
$("submit").addEventListener("submit", async event => {
  event.preventDefault();
  const button = event.target.querySelector("button:not([type])"), note = $("submitted");
  button.disabled = true;
  try {
    const job = await tally.submit($("input").value.trim(), $("output").value.trim() || undefined);
    note.className = "";
    note.textContent = "Job " + job.jobId;
    $("job").value = job.jobId;
    watch(job.jobId);
  } catch (error) {
    note.className = "bad";
    note.textContent = message(error);
  } finally {
    button.disabled = false;
  }
});
$("query").addEventListener("submit", event => { event.preventDefault(); watch($("job").value.trim()); });
$("cancel").addEventListener("click", () => tally.cancel($("job").value.trim()).catch(fail));
