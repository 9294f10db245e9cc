#!/usr/bin/env python3
"""The flight recorder: real processes with --record, and `sim replay` of what they left.

    RPCNET_BIN=build/bin tests/bins/recording.py [CHECK...]
"""

import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import BIN, Cluster, Summary, environment, expect, in_use, main

VERDICT = re.compile(
    r"sim: replay=equal file=\S+ node=(\S+) inputs=(\d+) outputs=(\d+) checkpoints=\d+ "
    r"recorded_s=([0-9.]+) wall_s=([0-9.]+) end=(\w+) hash=([0-9a-f]{32})$"
)


def replay(file, *arguments):
    """(exit status, output) of sim replay."""
    run = subprocess.run(
        [str(BIN / "sim"), "replay", str(file), *map(str, arguments)],
        capture_output=True, text=True, env=environment(), timeout=60,
    )
    return run.returncode, run.stdout + run.stderr


def expect_equal(file, end):
    """The replay is equal and ended so; the match of its last line."""
    status, said = replay(file)
    match = VERDICT.match(said.splitlines()[-1]) if said else None
    expect(status == 0 and match, f"{file.name}: exit status {status}\n{said}")
    expect(match.group(6) in end, f"{file.name}: ended {match.group(6)}, not one of {end}\n{said}")
    return match


def a_hard_kill_replays_with_equal_hash():
    """Director, two workers and a client, the worker in use killed, the client fails over."""
    with tempfile.TemporaryDirectory() as holder, Cluster() as cluster:
        root = Path(holder)
        director = cluster.director("--record", root / "director")
        director.wait("Director ready", 10)
        workers = {
            label: cluster.worker(label, "--interval-ms", 20, "--record", root / label)
            for label in ("worker-a", "worker-b")
        }
        director.wait("2 workers available", 15)
        client = cluster.client("--prompt", "a secret prompt", RPCNET_RECORD=root / "client")
        client.wait("total=20", 10)
        victim = in_use(director)
        survivor = "worker-b" if victim == "worker-a" else "worker-a"
        workers[victim].kill()
        director.wait(f"NodeFailed: {victim}", 20)
        client.wait("received token", 5, after=client.mark())
        expect(client.end() == 0, f"the client failed{client.last_words()}")
        summary = Summary(client)
        summary.expect_whole()
        expect(summary.failovers == 1, summary.text)
        expect(workers[survivor].end() == 0, "the survivor failed")
        expect(director.end() == 0, "the director failed")

        figures = []
        for name in ("director", survivor, "client", victim):
            file = root / name
            match = expect_equal(file, ("killed", "cut") if name == victim else ("closed",))
            expect(int(match.group(2)) >= 30, f"{name}: only {match.group(2)} inputs")
            mode = stat.S_IMODE(file.stat().st_mode)
            expect(mode == 0o600, f"{name}: mode {mode:o}")
            content = file.read_bytes()
            for secret in (b"secret prompt", b"token-1"):
                expect(secret not in content, f"{name} holds {secret}")
            figures.append(f"{name} {match.group(2)} inputs, {len(content)} bytes, "
                           f"{match.group(6)}")
        return "; ".join(figures)


def payloads_are_recorded_when_asked_for():
    with tempfile.TemporaryDirectory() as holder, Cluster() as cluster:
        root = Path(holder)
        cluster.director().wait("Director ready", 10)
        cluster.worker("worker-a", "--record", root / "worker", "--record-payloads")
        client = cluster.client("--tokens", 3, "--prompt", "a secret prompt",
                                "--record", root / "client", "--record-payloads")
        expect(client.status(20) == 0, f"the client failed{client.last_words()}")
        expect(cluster.processes[1].end() == 0, "the worker failed")
        for name in ("worker", "client"):
            expect_equal(root / name, ("closed",))
            expect(b"secret prompt" in (root / name).read_bytes(), f"{name} lacks the payload")


def damage_is_told_where_it_is():
    with tempfile.TemporaryDirectory() as holder, Cluster() as cluster:
        file = Path(holder) / "director"
        director = cluster.director("--record", file)
        director.wait("Director ready", 10)
        cluster.worker("worker-a")
        director.wait("1 workers available", 10)
        expect(director.end() == 0, "the director failed")
        expect_equal(file, ("closed",))
        whole = file.read_bytes()

        cut = Path(holder) / "cut"
        cut.write_bytes(whole[: len(whole) * 2 // 3])
        expect_equal(cut, ("cut", "killed"))

        bad = Path(holder) / "bad"
        middle = len(whole) // 2
        bad.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        for other, word in ((bad, "offset"), (Path(sys.argv[0]), "rpcnet-recording"),
                            (Path(holder) / "absent", "No such file"),
                            (Path(holder), "is a directory")):
            status, said = replay(other)
            expect(status == 64, f"{other.name}: exit status {status}\n{said}")
            expect(str(other) in said and word in said, f"{other.name}: {said}")

        status, said = replay(file, "--from", 0, "--to", 5)
        lines = said.splitlines()
        expect(status == 0 and len(lines) == 5, f"not five lines:\n{said}")
        expect("in  change-tags" in said or "in  join" in said, said)
        status, said = replay(file, "--until", "20ms")
        expect(status == 0 and "end=until" in said, said)


def a_limit_or_a_fault_of_the_file_ends_the_recording_only():
    with tempfile.TemporaryDirectory() as holder, Cluster() as cluster:
        root = Path(holder)
        limited = root / "limited"
        director = cluster.director("--record", limited, "--record-max-bytes", 5000)
        director.wait("Director ready", 10)
        unwritable = cluster.worker("worker-a", "--record", root / "no-such-directory" / "x")
        unwritable.wait("no recording: .*no-such-directory.*No such file", 10)
        full = cluster.worker("worker-b", "--record", "/dev/full")
        full.wait("recording to \"/dev/full\" ended after 0 inputs: No space left", 10)
        director.wait("2 workers available", 15)
        director.wait("limited\" ended after [0-9]+ inputs: its limit of 5000 bytes", 15)
        for process in cluster.processes:
            expect(process.end() == 0, f"ended badly{process.last_words()}")
            said = process.count("recording")
            expect(said == 1, f"{said} lines about the recording{process.last_words()}")
        expect(limited.stat().st_size <= 5000, f"{limited.stat().st_size} bytes")
        match = expect_equal(limited, ("full",))
        # The beginning is what is kept, and an earlier recording is not lost at once.
        expect(float(match.group(4)) < 60, match.group(0))
        cluster.processes.clear()
        again = cluster.director("--record", limited)
        cluster.worker("worker-c")
        again.wait("1 workers available", 15)
        expect(again.end() == 0, "the second director failed")
        expect_equal(limited, ("closed",))
        expect_equal(root / "limited.previous", ("full",))


CHECKS = {
    check.__name__: check
    for check in (
        a_hard_kill_replays_with_equal_hash,
        payloads_are_recorded_when_asked_for,
        damage_is_told_where_it_is,
        a_limit_or_a_fault_of_the_file_ends_the_recording_only,
    )
}

if __name__ == "__main__":
    sys.exit(main(CHECKS))
