// Submits the question of the replaced application, shows its progress, and writes the answer to standard output.
import { Client } from "./tally.js";

const tally = new Client(process.argv[2] ?? "http://127.0.0.1:8000");
const job = await tally.submit("plays.csv", "javascript.csv");
console.error(job.jobId);
let status = job;
for await (const item of tally.progress(job.jobId)) {
  status = item.isLast ? item.result : item.event.status;
  console.error(`${status.state}: ${status.progress.rows} rows`);
}
if (status.state !== "succeeded") {
  console.error(status.error?.message);
  process.exit(1);
}
for await (const piece of await tally.download(job.jobId)) process.stdout.write(piece);
