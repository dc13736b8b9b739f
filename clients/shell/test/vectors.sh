#!/usr/bin/env bash
# All vectors, by curl and jq. The environment says where they are: see Tests/vectors/serve.py.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
count=0 wrong=0

# The events of a stream, as [{id, data}].
events() {
  case $1 in
    text/event-stream*) jq -Rsc 'split("\n\n") | map(select(test("(^|\n)data:")) | split("\n") | {id: (map(select(startswith("id: ")) | .[4:]) | first // ""), data: (map(select(startswith("data: ")) | .[6:]) | join("\n"))})' ;;
    application/x-ndjson*) jq -Rsc 'split("\n") | map(select(test("\\S")) | {id: "", data: .})' ;;
    *) printf '[]' ;;
  esac
}

while IFS= read -r vector; do
  # Its method, path, kind of body and name, a line each, and then its headers.
  mapfile -t request < <(jq -r '
    .request.method, .request.path, (.request | if has("bodyHex") then "hex" elif has("body") then "text" else "none" end),
    "\(.file): \(.name)",
    ({"Content-Type": "application/json", "Accept": "application/json"} + (.request.headers // {}) | to_entries[]
    | if .value == null then "\(.key):" elif .value == "" then "\(.key);" else "\(.key): \(.value)" end)' <<<"$vector")
  options=(--silent --show-error --globoff --dump-header "$place/head" --output "$place/body" --write-out '%{http_code} %{content_type}\n' --request "${request[0]}")
  for header in "${request[@]:4}"; do options+=(--header "$header"); done
  case ${request[2]} in
    hex) jq -r .request.bodyHex <<<"$vector" | xxd -r -p >"$place/request" ;;
    text) jq -j .request.body <<<"$vector" >"$place/request" ;;
  esac
  [ "${request[2]}" = none ] || options+=(--data-binary "@$place/request")
  : >"$place/body"
  read -r status type < <(curl "${options[@]}" "$TALLY_VECTORS_SERVER${request[1]}")
  # jq takes no half of a surrogate pair, which the server gives back as it came; the ID itself is compared as text.
  raw=$(jq -r '.response.id // ""' <<<"$vector")
  case $raw in *'\ud800'*) sed -i 's/\\ud800/\\ufffd/' "$place/body"; vector=${vector//\\\\ud800/\\\\ufffd} ;; esac
  headers=$(tr -d '\r' <"$place/head" | jq -Rsc 'split("\n") | map(capture("^(?<key>[^:]+): *(?<value>.*)$")? | .key |= ascii_downcase) | from_entries')
  problem=$(jq -r -L "$here" --argjson status "$status" --argjson headers "$headers" --rawfile body "$place/body" --argjson events "$(events "$type" <"$place/body")" \
    'include "matching"; .response | problem($status; $headers; $body; $events)' <<<"$vector") || problem="it can't be compared"
  count=$((count + 1))
  if [ -n "$problem" ]; then
    wrong=$((wrong + 1))
    printf '%s: %s\n' "${request[3]}" "$problem"
  fi
done < <(jq -c '.[]' "$TALLY_VECTORS")
echo "shell: $count vectors, $wrong problems"
[ $wrong = 0 ] && [ $count -gt 0 ]
