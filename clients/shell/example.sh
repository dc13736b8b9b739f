#!/usr/bin/env bash
# Submits the question of the replaced application, shows its progress, and writes the answer to standard output.
set -euo pipefail
tally=$(dirname "${BASH_SOURCE[0]}")/tally
job=$("$tally" submit plays.csv shell.csv)
printf '%s\n' "$job" >&2
"$tally" stream streamProgress "{\"jobId\":\"$job\"}" | jq -r '(.status // .) | "\(.state): \(.progress.rows) rows"' >&2
"$tally" download "$job"
