"""Submits the question of the replaced application, shows its progress, and writes the answer to standard output."""
import sys

from tally import Client

with Client(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000") as tally:
    job = tally.submit("plays.csv", "python.csv")
    print(job["jobId"], file=sys.stderr)
    for item in tally.progress(job["jobId"]):
        status = item.result if item.is_last else item.event["status"]
        print(f"{status['state']}: {status['progress']['rows']} rows", file=sys.stderr)
    if status["state"] != "succeeded":
        sys.exit(f"{status['state']}: {status.get('error', {}).get('message')}")
    tally.download(job["jobId"], sys.stdout.buffer)
