#!/usr/bin/env python3
"""Wrong scenario and plan files: FILE:LINE, what was expected, exit status 64.

    tests/sim/wrong_plans.py build/bin/sim
"""

import subprocess
import sys
import tempfile
from pathlib import Path

# the file, the line that is wrong (0: none), what must be said
WRONG = [
    ('name = "x"\nactive = 3\n', 2, ["active"]),
    ('name = "x"\nactive_ms = "long"\n', 2, ["whole number"]),
    ('name = "x"\nactive_ms = 1.5\n', 2, ["whole number"]),
    ('name = "x"\nactive_ms = -1\n', 2, ["active_ms", "1000", "-1"]),
    ('name = "x"\nactive_ms = 30000\nseed = 7\n', 3, ["quotes"]),
    ('name = "x"\nseed = "seven"\n', 2, ["seed", "seven"]),
    ('name = x\n', 1, []),
    ('name = "x"\n[cluster\n', 2, []),
    ('[cluster]\nworkers = 3\nworker = 4\n', 3, ["cluster.worker"]),
    ('[cluster]\nworkers = -3\n', 2, ["workers", "-3"]),
    ('[cluster]\nworkers = [9, 3]\n', 2, ["workers", "[9, 3]"]),
    ('[cluster]\ndirectors = 0\nworkers = 0\n', 0, ["director or a worker"]),
    ('[network]\nlatency = "slow"\n', 2, ["uniform", "slow"]),
    ('[network]\nloss_ppm = 2000000\n', 2, ["loss_ppm", "1000000"]),
    ('name = "x"\nprofile = "fast"\n', 2, ["no such profile", "fast", "pure_swim"]),
    ('[knobs]\nprobe_interval = 3\n', 2, ["no such knob", "probe_interval"]),
    ('[knobs]\nsync_interval_ms = 0\n', 0, ["sync_interval is 0 ms", "expected 1 ms"]),
    ('[swarm]\nfaults = 3\nkinds = ["flood"]\n', 2, ["no such fault", "flood"]),
    ('[swarm]\nfault = 3\n', 2, ["fault"]),
    ('[faults]\nline = []\n', 1, ["lines"]),
    ('[[faults]]\nat_ms = 5\n', 1, ["kind"]),
    ('[[faults]]\nkind = "flood"\n', 1, ["no such fault", "flood"]),
    ('[[faults]]\nkind = "loss"\nat_ms = -5\n', 3, ["at_ms", "-5"]),
    ('[[faults]]\nkind = "loss"\nppm = 1000001\n', 3, ["ppm", "1000001"]),
    ('[[faults]]\nkind = "cut"\nboth_ways = 1\n', 3, ["true or false"]),
    ('[[faults]]\nkind = "cut"\nfrom = 1\n', 3, ["names"]),
    ('[[faults]]\nkind = "cut"\ncolour = 1\n', 3, ["colour"]),
    ('[[faults]]\nkind = "cut"\nat_ms = 5000\nuntil_ms = 4000\n', 1, ["before it begins"]),
    ('[[faults]]\nkind = "cut"\nfrom = ["worker-9"]\n', 1, ["no such host", "worker-9", "3 work"]),
    ('[[faults]]\nkind = "crash"\nat_ms = 5\n', 1, ["hosts"]),
    ('[[faults]]\nkind = "flapping"\nevery_ms = 9223372036854775807\n', 3, ["every_ms", "9223372"]),
    ('[[faults]]\nkind = "flapping"\nfrom = ["worker-0"]\nevery_ms = 31622400000\n'
     'times = 1000000\n', 1, ["flapping", "within the year"]),
    ('[[faults]]\nkind = "rolling-restart"\nhosts = ["worker-*"]\nevery_ms = 31622400000\n', 1,
     ["rolling-restart", "within the year"]),
    ('[[faults]]\nkind = "crash"\nhosts = ["worker-0"]\nat_ms = 31622400000\n', 1,
     ["crash", "within the year"]),
    ('[[faults]]\nkind = "drop"\nat_ms = 5\n', 1, ["needs packets"]),
    ('[[faults]]\nkind = "drop"\npackets = ["worker-0: 1"]\n', 1, ["worker-0 > worker-1: 3 5"]),
    ('[[faults]]\nkind = "drop"\npackets = ["worker-0 > worker-7: 1"]\n', 1, ["worker-7"]),
    ('[[faults]]\nkind = "partition"\ngroups = "all"\n', 3, ["list"]),
    ('[faults]\nlines = [\n  { kind = "crash", at_ms = 1, hosts = ["worker-0"] },\n'
     '  { kind = "crash", at_ms = 1, hosts = ["worker-8"] },\n]\n', 4, ["worker-8"]),
]
# Right as scenarios, wrong as plans.
FREE = [
    ('name = "x"\nactive_ms = [30000, 40000]\n', 2, ["active_ms", "one number"]),
    ('[knobs]\ngossip_fanout = [1, 2]\n', 2, ["gossip_fanout"]),
    ('[swarm]\nfaults = 3\n', 2, ["swarm"]),
    ('[[faults]]\nkind = "crash"\nat_ms = [1, 2]\nhosts = ["worker-0"]\n', 3, ["at_ms"]),
    ('[[faults]]\nkind = "crash"\nat_ms = 1\nhosts = ["worker-?"]\n', 1, ["worker-?"]),
    ('[[faults]]\nkind = "partition"\nat_ms = 1\nsplit = 2\n', 1, ["groups"]),
]


def refusal(sim, arguments):
    done = subprocess.run([sim, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 64, f"{arguments}: exit status {done.returncode}\n{done.stdout}"
    said = done.stderr.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("sim: "), f"{arguments}: said {said}"
    return said[0]


def expect(sim, file, text, line, words, arguments):
    file.write_text(text)
    said = refusal(sim, arguments)
    where = f"{file}:{line}: " if line else f"{file}: "
    assert where in said, f"{text!r}: no {where!r} in {said!r}"
    for word in words:
        assert word in said.replace(str(file), ""), f"{text!r}: no {word!r} in {said!r}"


def main():
    sim = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "wrong.toml"
        for text, line, words in WRONG:
            expect(sim, file, text, line, words, ["run", str(file)])
        for text, line, words in FREE:
            expect(sim, file, text, line, words, ["run", "--plan", str(file)])
            expect(sim, file, 'seed = "1"\n' + text, line + 1, words, ["run", str(file)])
            expect(sim, file, text, line, words, ["shrink", "--plan", str(file)])
        missing = str(Path(folder) / "missing.toml")
        assert missing in refusal(sim, ["run", "--plan", missing])
        assert "no-such" in refusal(sim, ["run", "no-such"])
        for arguments in (
            ["run", "steady", "--set", "no.such=1"],
            ["run", "steady", "--set", "cluster.workers=many"],
            ["run", "steady", "--time", "soon"],
            ["run", "steady", "--nodes", "0"],
            ["sweep", "steady", "--seeds", "9..1"],
            ["sweep", "steady", "--time-budget", "soon"],
            ["check", "steady", "--seeds", "x"],
            ["shrink", "steady", "--time-budget", "soon"],
        ):
            refusal(sim, arguments)
    print(f"{len(WRONG) + 3 * len(FREE) + 10} cases")


if __name__ == "__main__":
    main()
