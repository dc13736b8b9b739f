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
unnamed=$(./tally submit plays.csv '')
check "no output" "$(./tally wait "$unnamed" | jq -c '[.state, .published, has("output")]')" '["succeeded",false,false]'
check "its answer" "$(./tally download "$unnamed" | head -n 1)" "$expected"
file=$(mktemp)
printf 'k,n\na,1\nb,2\na,3\n' >"$file"
name="up loads/shell-$$ é+%.csv"
check "an uploaded file" "$(./tally upload "$file" "$name" | jq -c '[.name, .bytes, .replaced]')" "[\"$name\",16,false]"
check "its answer" "$(./tally download "$(sums='{"groupBy":["k"],"aggregates":[{"function":"sum","column":"n"}]}'; id=$(./tally submit "$name" '' "$sums"); ./tally wait "$id" >/dev/null; echo "$id")" | tail -n 2 | tr '\n' ' ')" 'a,4 b,2 '
./tally upload "$file" "$name" >/dev/null 2>&1
check "a name that is taken" $? 73
check "a file that is replaced" "$(./tally upload - "$name" --replace <"$file" | jq -c '[.bytes, .replaced]')" '[16,true]'
./tally upload "$file.none" >/dev/null 2>&1
check "a file that isn't there" $? 69
odd="$file{1,2}[3].csv"
cp "$file" "$odd"
check "a file whose name looks like a pattern" "$(./tally upload --replace "$odd" "$name" | jq -c '[.bytes, .replaced]')" '[16,true]'
./tally upload "$file" 'a/../b.csv' >/dev/null 2>&1
check "a name with dots" $? 67
./tally upload "$file" one two >/dev/null 2>&1
check "too many words" $? 64
rm -f "$file" "$odd"
./tally download none >/dev/null 2>&1
check "a download that isn't there" $? 69
waiting=$(./tally submit plays.csv "shell-$$-2.csv" "$later")
check "a batch" "$(./tally batch <<<"[[\"getStatus\",{\"jobId\":\"$waiting\"}],[\"getStatus\",{\"jobId\":\"none\"}]]" | jq -c '[.[0].state, .[1].error.data.reason]')" '["waiting","JOB_NOT_FOUND"]'
TALLY_TIMEOUT=0.3 ./tally call streamProgress "{\"jobId\":\"$waiting\",\"waitMs\":20000}" >/dev/null 2>&1
check "a deadline" $? 68
check "a cancellation" "$(./tally cancel "$waiting" | jq -r .state)" cancelled
./tally submit none.csv "shell-$$-3.csv" >/dev/null 2>&1
check "an input that isn't there" $? 69
TALLY_TIMEOUT=1 TALLY_SERVER=http://127.0.0.1:1 ./tally status x >/dev/null 2>&1
check "no server" $? 78
# A server that is away, and comes after more than a few attempts would take.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -c '
import socket, sys, time
time.sleep(2)
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
c, _ = s.accept()
c.recv(65536)
body = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"rows\":9007199254740993,\"text\":\"12345678901234567890 \\\\\\\" 1\"}}"
c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
' "$port" &
check "sent again until the deadline, and its numbers kept" "$(TALLY_SERVER=http://127.0.0.1:$port ./tally call getStatus '{"jobId":"x"}')" '{"rows":9007199254740993,"text":"12345678901234567890 \\\" 1"}'
wait
# What is sent, as it was written: numbers beyond 2^53, 1.0 and 1e2 too.
sent() { # COMMAND …: the body that it sends
  python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
c, _ = s.accept()
text = b""
while b"\r\n\r\n" not in text: text += c.recv(65536)
head, _, body = text.partition(b"\r\n\r\n")
length = next((int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:")), 0)
while len(body) < length: body += c.recv(65536)
c.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 75\r\nConnection: close\r\n\r\n" + b"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":5,\"message\":\"no such thing is here\"}}"[:75])
print(head.split(b"\r\n")[0].decode() if sys.argv[2] == "head" else body.decode())
' "$port" "$1" 2>/dev/null &
  local server=$!
  sleep 0.5
  shift
  TALLY_TIMEOUT=3 TALLY_SERVER=http://127.0.0.1:$port "$@" >/dev/null 2>&1
  wait $server
}
check "big integers in a call" "$(sent body ./tally call getStatus '{"jobId":"a 12","n":9007199254740993,"l":[1.0,1e2,-0.50]}')" '{"jsonrpc":"2.0","id":1,"method":"getStatus","params":{"jobId":"a 12","n":9007199254740993,"l":[1.0,1e2,-0.50]}}'
check "big integers in a batch" "$(printf '[["getStatus",{"n":9007199254740993}]]' >calls.json; sent body bash -c './tally batch <calls.json'; rm calls.json)" '[{"jsonrpc":"2.0","id":0,"method":"getStatus","params":{"n":9007199254740993}}]'
check "big integers in a submission" "$(sent body ./tally submit a.csv b.csv '{"limit":9007199254740993}' | jq -Rr 'sub("\"idempotencyKey\":\"[^\"]*\""; "KEY")')" '{"jsonrpc":"2.0","id":1,"method":"submitJob","params":{"input":"a.csv","output":"b.csv","limit":9007199254740993,KEY}}'
check "an ID is one part of the path" "$(sent head ./tally download '../rpc?method=deleteJob#x/y')" 'GET /results/..%2Frpc%3Fmethod%3DdeleteJob%23x%2Fy HTTP/1.1'
for url in http:// 'http://h/?a=b' 'http://h/#a' h:80 ftp://h; do
  TALLY_SERVER=$url ./tally status x >/dev/null 2>&1
  check "no URL: $url" $? 64
done
later_job=$(./tally submit plays.csv "shell-$$-4.csv" "$later")
./tally wait "$later_job" 1 >/dev/null 2>&1
check "a wait that is given up" $? 68
./tally cancel "$later_job" >/dev/null
./tally nonsense >/dev/null 2>&1
check "wrong usage" $? 64
check "the example" "$(./example.sh 2>/dev/null | head -n 1)" "$expected"
echo "shell: jobs, $wrong problems"
[ $wrong = 0 ]
