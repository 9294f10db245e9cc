#!/usr/bin/env python3
"""The page of a run is whole: its data are those of the run, and it fetches nothing.

    tests/sim/report_page.py build/bin/sim build/tests/sim_planted
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PLANTED = Path(__file__).resolve().parent.parent / "planted"
FETCHES = re.compile(r"\b(src|href)\s*=|url\(|@import|\bfetch\(|XMLHttp|import\(|WebSocket")


def page_of(program, file, *arguments):
    done = subprocess.run(
        [program, *arguments, "--report", str(file)], capture_output=True, text=True, timeout=120
    )
    said = dict(re.findall(r"(\w+)=(\S+)", done.stdout.strip().splitlines()[-1]))
    text = file.read_text()
    found = FETCHES.search(text.replace("url(#inside)", ""))
    assert not found, f"the page fetches something: {found}"
    parts = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert len(parts) == 1, "no data in the page"
    assert text.count("</script>") == 2, "the data end the script that holds them"
    return done, said, json.loads(parts[0]), len(text)


def a_passing_run(sim, folder):
    arguments = ["run", "crash-one", "--seed", "3"]
    done, said, data, _ = page_of(sim, folder / "pass.html", *arguments)
    assert done.returncode == 0 and data["verdict"] == "pass", done.stdout
    assert data["trace"] == said["trace"] and data["seed"] == "3" and data["name"] == "crash-one"
    assert f'{data["end"] / 1000:.3f}' == said["simulated_s"]
    victim = data["faults"][0]["hosts"][0]
    died = data["faults"][0]["at"]
    # ACTIVITIES and OPINIONS of page/1_run.js.
    assert [died, victim, 0] in data["activity"], "the crash is not in the timeline"
    others = {one for one in range(data["members"]) if one != victim}
    verdicts = [one for one in data["opinions"] if one[2:] == [victim, 3] and one[0] > died]
    knew = {observer for _, observer, _, _ in verdicts}
    assert knew == others, f"{others - knew} never counted it dead"
    assert data["causes"] == [] and "failed_host" not in data
    # Writing a page does not change the run.
    plain = subprocess.run([sim, *arguments], capture_output=True, text=True, timeout=120)
    assert f'trace={data["trace"]}' in plain.stdout


def a_failing_run(planted, folder):
    done, _, data, _ = page_of(
        planted, folder / "fail.html", "explain", str(PLANTED / "accused.toml"), "--seed", "1"
    )
    assert done.returncode == 1 and data["verdict"] == "FAIL", done.stdout
    assert "was accused" in data["reason"] and data["failed"] == "planted"
    assert data["reproduce"] in done.stdout
    nearest = [one for one in data["causes"] if one[6] == 1]
    assert nearest and all(to == data["failed_host"] for _, _, _, to, *_ in nearest)
    assert any(lost for *_, lost, _ in data["causes"]), "the cut lost nothing"
    assert data["lines"], "no lines of the trace"


def a_shrunk_run(planted, folder):
    file = folder / "small.html"
    done = subprocess.run(
        [planted, "shrink", str(PLANTED / "accused.toml"), "--out", str(folder / "small.toml"),
         "--report", str(file)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1 and '"drop"' in file.read_text(), done.stdout


def a_hundred_nodes(sim, folder):
    _, _, data, size = page_of(
        sim, folder / "large.html", "run", "power-off", "--nodes", "100", "--time", "40s"
    )
    assert data["members"] == 100 and size < 2_000_000, f"{size} bytes"


def main():
    sim, planted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        a_passing_run(sim, folder)
        a_failing_run(planted, folder)
        a_shrunk_run(planted, folder)
        a_hundred_nodes(sim, folder)
        wrong = subprocess.run(
            [sim, "run", "steady", "--time", "2s", "--report", str(folder / "no" / "where.html")],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert wrong.returncode == 64 and "where.html" in wrong.stderr, wrong


if __name__ == "__main__":
    main()
