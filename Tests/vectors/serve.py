#!/usr/bin/env python3
"""Starts a server as the vectors want it, and runs a command beside it: a client's tests. The command finds in its environment
TALLY_VECTORS, a file with all vectors in one JSON array, the jobs' IDs filled in, each with the name of its `file`;
TALLY_VECTORS_SERVER, the URL of the server that answers them; and TALLY_SERVER, that of another one, whose data folder holds
plays.csv, for jobs of the client's own.

Usage: serve.py [--bin .build/release] COMMAND [ARGUMENT …]
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from subject import OPTIONS, ROOT, Server, prepare, vectors

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("command", nargs=argparse.REMAINDER)
arguments = arguments.parse_args()

with tempfile.TemporaryDirectory() as place, Server(arguments.bin, os.path.join(place, "v"), *OPTIONS) as golden, Server(arguments.bin, os.path.join(place, "j")) as jobs:
    shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), jobs.data)
    filled = [{"file": file, **vector} for file, vector in vectors(prepare(golden))]
    if not filled:
        sys.exit("vectors: there are none")
    path = os.path.join(place, "vectors.json")
    with open(path, "w") as file:
        json.dump(filled, file)
    environment = os.environ | {"TALLY_SERVER": jobs.url, "TALLY_VECTORS_SERVER": golden.url, "TALLY_VECTORS": path}
    sys.exit(subprocess.run(arguments.command, env=environment).returncode)
