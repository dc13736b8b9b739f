# Compares answers with vectors, as clients/vectors/README.md says: what is wrong, or nothing.
def kind($found):
  if . == "<any>" then true
  elif . == "<string>" then $found | type == "string"
  elif . == "<integer>" then $found | type == "number" and . == floor
  elif . == "<time>" then $found | type == "string" and test("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$")
  elif . == "<sha256>" then $found | type == "string" and test("^[0-9a-f]{64}$")
  elif . == "<cursor>" then $found | type == "string" and test("^[0-9a-f-]{36}\\.\\d+\\.\\d+$")
  else null end;

def difference($found; $where):
  . as $expected
  | (if type == "string" then kind($found) else null end) as $kind
  | if $kind != null then if $kind then empty else "\($where): \($found) is no \($expected)" end
    elif type == "object" then
      if $found | type != "object" then "\($where): no object"
      else to_entries[] | .key as $name | if $found | has($name) then .value | difference($found[$name]; "\($where).\($name)") else "\($where): no \($name)" end end
    elif type == "array" then
      if ($found | type != "array") or ($found | length) != length then "\($where): not \(length) items"
      else range(length) as $i | $expected[$i] | difference($found[$i]; "\($where)[\($i)]") end
    elif $found == $expected then empty
    else "\($where): \($found) isn't \($expected)" end;

# Input: a vector's response. $status, $headers (by lower-case name), $body (text), $events ([{id, data}]).
def problem($status; $headers; $body; $events):
  . as $expected
  | if $status != .status then "status \($status), not \(.status): \($body[:200])" else empty end,
    ((.headers // {}) | to_entries[] | select($headers[.key] != .value) | "\(.key): \($headers[.key]), not \(.value)"),
    (if has("body") and .body != $body then "body \($body)" else empty end),
    (if has("id") and ("\"id\":\(.id)," as $id | $body | contains($id) | not) then "no ID \(.id) in \($body[:200])" else empty end),
    (if has("json") then .json | difference($body | fromjson; "body") else empty end),
    (if has("events") then
       if ($events | length) != (.events | length) then "\($events | length) events, not \(.events | length)"
       else range(.events | length) as $i | .events[$i] as $wanted | $events[$i] as $found
         | (if $wanted | has("id") then $wanted.id | difference(if $found.id == "" then null else $found.id end; "id") else empty end),
           (if ($wanted.raw // "") as $raw | $found.data | contains($raw) | not then "no \($wanted.raw)" else empty end),
           ($wanted.message | difference($found.data | fromjson; "event"))
       end
     else empty end);
