#!/usr/bin/env python3
"""The experiments' harness: one tiny trial, its JSON, its calibration, and wrong use.

    check.py PROGRAM SCRIPT
"""

import json
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import summary  # noqa: E402

PROGRAM, SCRIPT = sys.argv[1:]
WRONG_USE = (
    [PROGRAM, "run", "E99", "--case", "N=32"],
    [PROGRAM, "run", "E2", "--case", "N=33"],
    [PROGRAM, "run", "E2", "--case", "N=32", "--quick", "--mode", "raft"],
    [PROGRAM, "fly"],
    [SCRIPT, "E15"],
    [SCRIPT, "--fast"],
    [SCRIPT, "--jobs", "0"],
)


def trial(mode, seed):
    command = [PROGRAM, "run", "E2", "--case", "N=32", "--quick", "--mode", mode, "--seed", seed]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def main():
    for command in WRONG_USE:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 64 or not done.stderr.strip():
            sys.exit(f"check: {command}: status {done.returncode}, wanted 64 and a reason")

    trials = [trial("memberlist", "1"), trial("memberlist", "2")]
    again = trial("memberlist", "1")
    if any(again[key] != trials[0][key] for key in ("first_s", "all_s")):
        sys.exit("check: the same seed gave two results")
    modes = {"memberlist": {"cases": {"N=32": summary.combine("E2", trials)}}}
    modes["memberlist"].update(summary.overall("E2", modes["memberlist"]["cases"]))
    (bar, reached, passed), = summary.bars({"E2": modes})
    print(f"{bar}: {reached}")
    if not passed:
        sys.exit("check: the memberlist mode is not calibrated")
    if "memberlist" not in summary.table("E2", modes):
        sys.exit("check: no table")


main()
