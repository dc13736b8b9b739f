#!/usr/bin/env python3
"""Writes into each client which methods may be called again where it isn't known whether a call has arrived: what a server's
`rpc.discover` calls safe or idempotent. Calls with an idempotency key are repeatable besides.

Usage: methods.py [--check]     with the server's URL in TALLY_SERVER
"""
import json
import os
import re
import sys
import textwrap
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))


def quoted(names, item='"{}"'):
    return [item.format(name) for name in names]


def lines(items, indent, width=120):
    """The items with commas between and behind them, in lines of at most that width."""
    return textwrap.fill(", ".join(items) + ",", width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


# Where a list stands in each client, and how it is written.
LISTS = {
    "python/tally/protocol.py": (r"REPEATABLE = frozenset\(\{\n.*?\n\}\)", lambda names: "REPEATABLE = frozenset({\n" + lines(quoted(names), "    ") + "\n})"),
    "javascript/protocol.js": (r"const repeatable = new Set\(\[\n.*?\n\]\);", lambda names: "const repeatable = new Set([\n" + lines(quoted(names), "  ") + "\n]);"),
    "go/protocol.go": (
        r"var repeatable = map\[string\]bool\{\n.*?\n\}",
        # A pair isn't torn apart.
        lambda names: "var repeatable = map[string]bool{\n" + lines(quoted(names, '"{}":\u00a0true'), "\t").replace("\u00a0", " ") + "\n}"),
    "java/src/tally/Protocol.java": (
        r"Set<String> REPEATABLE = Set\.of\(.*?\);",
        lambda names: "Set<String> REPEATABLE = Set.of(\n" + lines(quoted(names), " " * 8).rstrip(",") + ");"),
    "shell/tally": (r"REPEATABLE='\[.*?\]'", lambda names: "REPEATABLE='[" + ",".join(quoted(names)) + "]'"),
}


def repeatable():
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}).encode()
    request = urllib.request.Request(os.environ["TALLY_SERVER"] + "/rpc", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        methods = json.load(answer)["result"]["methods"]
    names = [method["name"] for method in methods if method["x-idempotency"] in ("safe", "idempotent")]
    if "getStatus" not in names or "submitJob" in names:
        sys.exit(f"methods: the server's document makes no sense: {names}")
    return names


def main():
    check = sys.argv[1:] == ["--check"]
    if not check and len(sys.argv) > 1:
        sys.exit(__doc__)
    names, stale = repeatable(), []
    for path, (pattern, written) in LISTS.items():
        with open(os.path.join(HERE, path), encoding="utf-8") as file:
            text = file.read()
        new, count = re.subn(pattern, lambda _: written(names), text, flags=re.DOTALL)
        if count != 1:
            sys.exit(f"methods: clients/{path} has {count} lists of repeatable methods, not one")
        if new == text:
            continue
        stale.append(path)
        if not check:
            with open(os.path.join(HERE, path), "w", encoding="utf-8") as file:
                file.write(new)
    if check and stale:
        sys.exit(f"methods: other methods are repeatable than these clients say: {', '.join(stale)}. Run ./run client:methods.")
    print(f"methods: {len(names)} are repeatable; {len(stale)} clients were {'wrong' if check else 'written'}")


if __name__ == "__main__":
    main()
