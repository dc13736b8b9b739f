"""Compares an answer with a vector, as clients/vectors/README.md says."""
import json
import re

KINDS = {
    "<any>": lambda value: True,
    "<string>": lambda value: isinstance(value, str),
    "<integer>": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "<time>": lambda value: isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value)),
    "<sha256>": lambda value: isinstance(value, str) and bool(re.fullmatch(r"[0-9a-f]{64}", value)),
    "<cursor>": lambda value: isinstance(value, str) and bool(re.fullmatch(r"[0-9a-f-]{36}\.\d+\.\d+", value)),
}


def difference(expected, found, where="body"):
    """What is wrong with a value; None: nothing."""
    if isinstance(expected, str) and expected in KINDS:
        return None if KINDS[expected](found) else f"{where}: {found!r} is no {expected}"
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return f"{where}: {found!r} is no object"
        for name, value in expected.items():
            problem = difference(value, found[name], f"{where}.{name}") if name in found else f"{where}: no {name}"
            if problem:
                return problem
        return None
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return f"{where}: not {len(expected)} items: {found!r}"
        return next(filter(None, (difference(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(expected, found)))), None)
    return None if type(expected) is type(found) and expected == found else f"{where}: {found!r} isn't {expected!r}"


def problem(expected, head, body, events):
    """What is wrong with an answer. `events`: the stream's (id, data) pairs; an empty id stands for none."""
    if head.status != expected["status"]:
        return f"status {head.status}, not {expected['status']}: {body[:200]!r}"
    for name, value in expected.get("headers", {}).items():
        if head.headers.get(name) != value:
            return f"{name}: {head.headers.get(name)!r}, not {value!r}"
    text = body.decode()
    if "body" in expected and text != expected["body"]:
        return f"body {text!r}"
    if "id" in expected and f'"id":{expected["id"]},' not in text:
        return f"no ID {expected['id']} in {text[:200]}"
    if "json" in expected:
        return difference(expected["json"], json.loads(text))
    if "events" in expected:
        if len(events) != len(expected["events"]):
            return f"{len(events)} events, not {len(expected['events'])}"
        for wanted, (identity, data) in zip(expected["events"], events):
            if "id" in wanted and (wrong := difference(wanted["id"], identity or None, "id")):
                return wrong
            if wanted.get("raw", "") not in data:
                return f"no {wanted['raw']} in {data}"
            if wrong := difference(wanted["message"], json.loads(data), "event"):
                return wrong
    return None
