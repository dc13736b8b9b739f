#!/usr/bin/env python3
"""The same questions to Tally, DuckDB, Polars and ClickHouse (chdb), in turn in one run, on files that it generates: medians
of the times, and peak memory. Tally is timed from submitting a job to its final response, through its server, with its file
synced and its digest made; the others from the query to the file, without the import of their module and without fsync.
Writes docs/performance.md and docs/performance.svg. Needs: pip install duckdb polars chdb

Usage: bench.py [--rows 10000000] [--runs 3] [--bin .build/release] [--place DIR] [--write docs] [--growth]
"""
import argparse
import gzip
import hashlib
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from server import Server, generate

arguments = argparse.ArgumentParser()
arguments.add_argument("--rows", type=int, default=10_000_000)
arguments.add_argument("--runs", type=int, default=3)
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--place", help="where files are made (default: the system's folder for temporary ones)")
arguments.add_argument("--write", help="the folder for performance.md and performance.svg")
arguments.add_argument("--growth", action="store_true", help="ten times as many rows as well")
arguments = arguments.parse_args()

TOTAL = "Total Number of Plays for Date"


def peer_code(peer, source, target, keys):
    columns = ",".join(f'"{key}"' for key in keys)
    if peer == "duckdb":
        return "import duckdb", f"""duckdb.connect().execute('''copy (select {columns}, sum("Number of Plays") as "{TOTAL}"
          from read_csv('{source}', types={{'Date': 'VARCHAR'}}) group by all order by all) to '{target}' (header)''')"""
    if peer == "polars":
        return "import polars as pl", (f"pl.scan_csv('{source}').group_by({keys}).agg(pl.col('Number of Plays').sum()"
                                       f".alias('{TOTAL}')).sort({keys}).sink_csv('{target}')")
    # Columns by name, as the others have them; spaces of unquoted fields are data.
    return "import chdb", f"""chdb.query('''select {columns}, sum("Number of Plays") as "{TOTAL}"
      from file('{source}', CSVWithNames) group by {columns} order by {columns} into outfile '{target}' truncate
      format CSVWithNames settings input_format_csv_trim_whitespaces=0, schema_inference_hints='Song String, Date String, "Number of Plays" Int64' ''')"""


def run_peer(peer, source, target, keys):
    """Seconds of the query, and peak MiB of the process; none where it failed."""
    module, query = peer_code(peer, source, target, keys)
    code = f"{module}\nimport time\nstart = time.time()\n{query}\nopen('{target}.time', 'w').write(str(time.time() - start))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        print(f"  {peer} failed: {message.decode(errors='replace').strip().splitlines()[-1:]}", flush=True)
        return None
    return float(open(target + ".time").read()), usage.ru_maxrss / 1024


def run_tally(server, spec):
    start = time.time()
    job = server.call("submitJob", **spec)["jobId"]
    status = server.call("streamProgress", jobId=job, waitMs=3_600_000)
    if status["state"] != "succeeded":
        raise SystemExit(f"Tally failed: {status}")
    return time.time() - start


def digest(path):
    """Of the answer without its header and quotes, which peers write as they like."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        file.readline()
        while piece := file.read(1 << 24):
            found.update(piece.replace(b'"', b""))
    return found.hexdigest()


def compare(place, name, source, keys, budget, peers):
    taken, peak, answers = {peer: [] for peer in peers + ["tally"]}, {}, {}
    spec = {"input": os.path.basename(source), "output": "out.csv", "memoryBytes": budget << 20, "groupBy": keys,
            "aggregates": [{"function": "sum", "column": "Number of Plays", "as": TOTAL}]}
    with Server(arguments.bin, os.path.join(place, "server")) as server:
        link = os.path.join(server.data, os.path.basename(source))
        if not os.path.exists(link):
            os.link(source, link)
        for run in range(arguments.runs):
            for peer in peers:
                target = os.path.join(place, f"{peer}.csv")
                if peer in peak and peak[peer] is None:
                    continue
                found = run_peer(peer, source, target, keys)
                if found is None:
                    peak[peer] = None
                    continue
                taken[peer].append(found[0])
                peak[peer] = max(peak.get(peer, 0), found[1])
                if run == 0:
                    answers[peer] = digest(target)
            taken["tally"].append(run_tally(server, spec))
        peak["tally"] = server.peak_mebibytes()
        answers["tally"] = digest(os.path.join(server.data, "out.csv"))
    if len(set(answers.values())) != 1:
        raise SystemExit(f"{name}: the answers differ: {answers}")
    medians = {peer: statistics.median(times) for peer, times in taken.items() if times}
    print(f"{name}: " + ", ".join(f"{peer} {medians[peer]:.2f} s {peak[peer]:.0f} MiB" for peer in medians), flush=True)
    return name, budget, medians, peak


def alone(place, name, source, spec, plain):
    """Tally's time for each byte, in units of the plain file's."""
    with Server(arguments.bin, os.path.join(place, "server")) as server:
        link = os.path.join(server.data, os.path.basename(source))
        if not os.path.exists(link):
            os.link(source, link)
        seconds = statistics.median(
            run_tally(server, {"input": os.path.basename(source), "output": "out.csv", **spec}) for _ in range(arguments.runs))
        peak = server.peak_mebibytes()
    size = os.path.getsize(source)
    ratio = seconds / size / plain if plain else 1
    print(f"{name}: {seconds:.2f} s, {size / 1e6:.0f} MB, {ratio:.2f} of the plain file for each byte, {peak:.0f} MiB", flush=True)
    return name, seconds, size, ratio, peak


def plot(cases, path):
    """Bars, shorter is faster: one group for each case."""
    colours = {"tally": "#2a6f97", "duckdb": "#c9a227", "polars": "#8d99ae", "clickhouse": "#b56576"}
    longest = max(seconds for _, _, medians, _ in cases for seconds in medians.values())
    lines, y = [], 40
    for name, budget, medians, _ in cases:
        lines.append(f'<text x="10" y="{y}" font-weight="bold">{name}, {budget} MiB</text>')
        y += 8
        for peer, seconds in medians.items():
            width = max(1, 480 * seconds / longest)
            lines.append(f'<text x="90" y="{y + 12}" text-anchor="end">{peer}</text>'
                         f'<rect x="96" y="{y}" width="{width:.0f}" height="14" fill="{colours[peer]}"/>'
                         f'<text x="{100 + width:.0f}" y="{y + 12}">{seconds:.2f} s</text>')
            y += 18
        y += 22
    with open(path, "w") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="680" height="{y}" font-family="sans-serif" font-size="12">\n'
                   f'<text x="10" y="20">Seconds, shorter is faster</text>\n' + "\n".join(lines) + "\n</svg>\n")


def machine():
    model = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read()) if os.path.exists("/proc/cpuinfo") else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"


def versions():
    import importlib.metadata as metadata
    return ", ".join(f"{name} {metadata.version(package)}" for name, package in
                     [("DuckDB", "duckdb"), ("Polars", "polars"), ("ClickHouse (chdb)", "chdb")])


def document(cases, worst, growth, folder):
    lines = ["# Performance", "",
             f"Measured {time.strftime('%Y-%m-%d')} on {machine()}, shared with others; {versions()}. {arguments.rows:,} rows, "
             f"medians of {arguments.runs} runs in turn. `./run bench` repeats it and writes this page.", "",
             "Tally is timed from submitting a job to its final response, through its server, with its file synced to disk and its "
             "SHA-256; the others from their query to the file, without the import of their module and without fsync. Memory is the "
             "peak of the whole process (Tally's server with a job of that budget; the others without a limit). All four give the "
             "same answer, which is compared.", "", "![Seconds](performance.svg)", "",
             "| question | budget | Tally | DuckDB | Polars | ClickHouse | best of the others ÷ Tally |", "|---|---|---|---|---|---|---|"]
    for name, budget, medians, peak in cases:
        cells = [f"{medians[peer]:.2f} s, {peak[peer]:.0f} MiB" if peer in medians else "failed"
                 for peer in ("tally", "duckdb", "polars", "clickhouse")]
        ratio = min(seconds for peer, seconds in medians.items() if peer != "tally") / medians["tally"]
        lines.append(f"| {name} | {budget} MiB | " + " | ".join(cells) + f" | **{ratio:.1f}** |")
    lines += ["", "## Unkind files", "",
              "Tally alone, 256 MiB: the time for each byte, in units of the plain file's.", "",
              "| file | seconds | MB | for each byte | peak |", "|---|---|---|---|---|"]
    lines += [f"| {name} | {seconds:.2f} | {size / 1e6:.0f} | {ratio:.2f} | {peak:.0f} MiB |" for name, seconds, size, ratio, peak in worst]
    if growth:
        lines += ["", "## Growth", "", "| rows | seconds | of linear | peak |", "|---|---|---|---|"]
        lines += [f"| {rows:,} | {seconds:.2f} | {ratio:.2f} | {peak:.0f} MiB |" for rows, seconds, ratio, peak in growth]
    lines += ["", "## Where the time goes", "",
              "Of the plain file's processor time, about a half is spent where a row's values are looked up in their dictionaries "
              "(waiting for memory, mostly), a sixth where rows are cut and numbers are read, a tenth each on SHA-256 and on "
              "writing the lines, and the rest on reading, scanning for marks, and the kernel's pages.", ""]
    with open(os.path.join(folder, "performance.md"), "w") as file:
        file.write("\n".join(lines))
    plot(cases, os.path.join(folder, "performance.svg"))


BOTH, PEERS = ["Song", "Date"], ["duckdb", "polars", "clickhouse"]
with tempfile.TemporaryDirectory(dir=arguments.place) as place:
    def made(shape, rows=arguments.rows):
        path = os.path.join(place, f"{shape}.csv")
        generate(arguments.bin, rows, path, "--shape", shape)
        return path

    def drop(path):
        os.unlink(path)
        shutil.rmtree(os.path.join(place, "server"), ignore_errors=True)

    plain = made("plain")
    cases = [compare(place, "songs and dates", plain, BOTH, 256, PEERS), compare(place, "songs and dates", plain, BOTH, 64, PEERS),
             compare(place, "by date", plain, ["Date"], 256, PEERS)]
    packed = plain + ".gz"
    subprocess.run(f"gzip -6 -c '{plain}' > '{packed}'", shell=True, check=True)
    cases.append(compare(place, "gzip", packed, BOTH, 256, PEERS))
    drop(packed)
    for shape, name in [("varied", "songs of 1 to 24 characters"), ("quoted", "every field quoted"), ("wide", "3 of 30 columns")]:
        path = made(shape)
        cases.append(compare(place, name, path, BOTH, 256, PEERS))
        drop(path)
    unit = alone(place, "plain", plain, {}, None)
    worst, each = [unit], unit[1] / unit[2]
    drop(plain)
    distinct = {"groupBy": [], "aggregates": [{"function": "countDistinct", "column": "Song"}]}
    for shape, rows, name, spec in [
            ("sorted", arguments.rows, "in the answer's order", {}), ("one-key", arguments.rows, "one key", {}),
            ("long-keys", arguments.rows // 400, "keys of 10 KiB", {}), ("prefix", arguments.rows // 40, "a common prefix of 1 KiB", {}),
            ("crowded", arguments.rows, "keys that differ in a bit", {}), ("distinct", arguments.rows, "every key another", {}),
            ("distinct", arguments.rows, "countDistinct, all different", distinct)]:
        path = made(shape, rows)
        worst.append(alone(place, name, path, spec, each))
        drop(path)
    growth = []
    if arguments.growth:
        for factor in (1, 10):
            path = made("plain", arguments.rows * factor)
            _, seconds, _, _, peak = alone(place, f"{arguments.rows * factor:,} rows", path, {}, each)
            growth.append((arguments.rows * factor, seconds, seconds / factor / (growth[0][1] if growth else seconds), peak))
            drop(path)
    if arguments.write:
        document(cases, worst, growth, arguments.write)
