#!/usr/bin/env bash
# A job from beginning to end, errors, a batch, a cancellation, and a server that is away.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
expected='Song,Date,Total Number of Plays for Date'
later='{"startAt":"2999-01-01T00:00:00Z"}'
wrong=0
check() { # NAME FOUND EXPECTED
  if [ "$2" != "$3" ]; then
    wrong=$((wrong + 1))
    printf 'shell: %s: %s, not %s\n' "$1" "$2" "$3"
  fi
}

job=$(./tally submit plays.csv "shell-$$-1.csv")
check "the last status" "$(./tally wait "$job" | jq -r .state)" succeeded
check "one result, and it is last" "$(./tally stream streamProgress "{\"jobId\":\"$job\"}" | jq -s 'map(has("jobId")) | [length, (index(true) + 1)] | .[0] == .[1]')" true
check "the answer" "$(./tally download "$job" | head -n 1)" "$expected"
./tally download none >/dev/null 2>&1
check "a download that isn't there" $? 69
waiting=$(./tally submit plays.csv "shell-$$-2.csv" "$later")
check "a batch" "$(./tally batch <<<"[[\"getStatus\",{\"jobId\":\"$waiting\"}],[\"getStatus\",{\"jobId\":\"none\"}]]" | jq -c '[.[0].state, .[1].error.data.reason]')" '["waiting","JOB_NOT_FOUND"]'
TALLY_TIMEOUT=0.3 ./tally call streamProgress "{\"jobId\":\"$waiting\",\"waitMs\":20000}" >/dev/null 2>&1
check "a deadline" $? 68
check "a cancellation" "$(./tally cancel "$waiting" | jq -r .state)" cancelled
./tally submit none.csv "shell-$$-3.csv" >/dev/null 2>&1
check "an input that isn't there" $? 69
TALLY_SERVER=http://127.0.0.1:1 ./tally status x >/dev/null 2>&1
check "no server" $? 78
./tally nonsense >/dev/null 2>&1
check "wrong usage" $? 64
check "the example" "$(./example.sh 2>/dev/null | head -n 1)" "$expected"
echo "shell: jobs, $wrong problems"
[ $wrong = 0 ]
