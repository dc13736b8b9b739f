#!/usr/bin/env python3
"""What a hostile caller, file, name or server can do to a release server, a release client and the shells' completion. Each
check is of a class of faults; figures are printed, not asserted, but where an order of magnitude is meant.

Usage: run.py [--bin .build/release] [GROUP …]      groups: texts work connections uploads completion client
Needs: Debian's fish, openssl, zsh
"""
import argparse
import importlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks import ROOT, Checks

GROUPS = ("texts", "work", "connections", "uploads", "completion", "client")

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=os.path.join(ROOT, ".build", "release"))
arguments.add_argument("groups", nargs="*", choices=[*GROUPS, []])
arguments = arguments.parse_args()
checks = Checks(arguments.bin)
for group in arguments.groups or GROUPS:
    print(f"{group}:", flush=True)
    importlib.import_module(group).all(checks)
if checks.problems:
    raise SystemExit(f"security: {len(checks.problems)} of {checks.count} checks failed")
print(f"security: {checks.count} checks")
