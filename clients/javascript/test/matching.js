// Compares an answer with a vector, as clients/vectors/README.md says.
const text = (/** @type {any} */ value) => typeof value === "string";
const kinds = {
  "<any>": () => true,
  "<string>": text,
  "<integer>": (value) => Number.isInteger(value),
  "<time>": (value) => text(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  "<sha256>": (value) => text(value) && /^[0-9a-f]{64}$/.test(value),
  "<cursor>": (value) => text(value) && /^[0-9a-f-]{36}\.\d+\.\d+$/.test(value),
};

/** What is wrong with a value; null: nothing. */
export function difference(expected, found, where = "body") {
  const kind = text(expected) ? kinds[expected] : undefined;
  if (kind) return kind(found) ? null : `${where}: ${JSON.stringify(found)} is no ${expected}`;
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return `${where}: not ${expected.length} items`;
    return expected.map((item, index) => difference(item, found[index], `${where}[${index}]`)).find(Boolean) ?? null;
  }
  if (expected !== null && typeof expected === "object") {
    if (found === null || typeof found !== "object" || Array.isArray(found)) return `${where}: no object`;
    return Object.entries(expected).map(([name, value]) => (name in found ? difference(value, found[name], `${where}.${name}`) : `${where}: no ${name}`)).find(Boolean) ?? null;
  }
  return expected === found ? null : `${where}: ${JSON.stringify(found)} isn't ${JSON.stringify(expected)}`;
}

/** What is wrong with an answer. @param {{id: string, data: string}[]} events an empty ID stands for none */
export function problem(expected, status, header, body, events) {
  if (status !== expected.status) return `status ${status}, not ${expected.status}: ${body.slice(0, 200)}`;
  for (const [name, value] of Object.entries(expected.headers ?? {})) if (header(name) !== value) return `${name}: ${header(name)}, not ${value}`;
  if ("body" in expected && body !== expected.body) return `body ${body}`;
  if ("id" in expected && !body.includes(`"id":${expected.id},`)) return `no ID ${expected.id} in ${body.slice(0, 200)}`;
  if ("json" in expected) return difference(expected.json, JSON.parse(body));
  if (!("events" in expected)) return null;
  if (events.length !== expected.events.length) return `${events.length} events, not ${expected.events.length}`;
  for (const [index, wanted] of expected.events.entries()) {
    const { id, data } = events[index];
    const wrong = ("id" in wanted && difference(wanted.id, id || null, "id")) || (data.includes(wanted.raw ?? "") ? null : `no ${wanted.raw}`) || difference(wanted.message, JSON.parse(data), "event");
    if (wrong) return wrong;
  }
  return null;
}
