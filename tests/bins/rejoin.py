#!/usr/bin/env python3
"""Snapshots, partitions and the members view, on real processes.

    RPCNET_BIN=build/bin tests/bins/rejoin.py [CHECK...]
"""

import signal
import stat
import sys
import tempfile
from pathlib import Path

from harness import Cluster, expect, main


def a_worker_rejoins_when_all_seeds_are_gone():
    """Its director is gone for good; it is killed and finds the other worker by its snapshot."""
    with tempfile.TemporaryDirectory() as holder, Cluster() as cluster:
        file = Path(holder) / "worker-a"
        director = cluster.director()
        director.wait("Director ready", 10)
        first = cluster.worker("worker-a", "--snapshot", file)
        first.wait("first start|is running", 10)
        other = cluster.worker("worker-b")
        director.wait("2 workers available", 15)
        first.wait("NodeJoined: worker-b", 10)
        # Written at the end, when nobody had to wait for the interval.
        expect(first.end() == 0, f"worker-a failed{first.last_words()}")
        expect(stat.S_IMODE(file.stat().st_mode) == 0o600, "others may read the snapshot")
        expect("member worker-b" in file.read_text(), "the snapshot does not name worker-b")
        director.kill()
        other.wait("NodeFailed: node-", 30)
        mark = other.mark()
        again = cluster.worker("worker-a", RPCNET_SNAPSHOT=file)
        again.wait("Cluster enabled", 20)
        other.wait("NodeJoined: worker-a", 20, after=mark)


def a_bad_snapshot_is_told_and_not_used():
    """Damaged, another node's, or not to be written: said in the log, and the worker runs."""
    with tempfile.TemporaryDirectory() as holder, Cluster() as cluster:
        director = cluster.director()
        director.wait("Director ready", 10)
        damaged = Path(holder) / "damaged"
        damaged.write_text("rpcnet-snapshot 1\nnonsense\n")
        first = cluster.worker("worker-a", "--snapshot", damaged)
        first.wait(r"snapshot: .*damaged.* is no snapshot, or is damaged", 10)
        first.wait("is running", 15)
        expect(first.end() == 0, f"worker-a failed{first.last_words()}")
        foreign = cluster.worker("worker-b", "--snapshot", damaged)
        foreign.wait(r"snapshot: .* is of node worker-a of cluster \S+; this is worker-b", 10)
        foreign.wait("is running", 15)
        nowhere = cluster.worker("worker-c", "--snapshot", Path(holder) / "no" / "such")
        nowhere.wait("is running", 15)
        nowhere.wait("snapshot: cannot write", 20)
        expect(nowhere.end() == 0, f"worker-c failed{nowhere.last_words()}")


def a_signal_shows_what_is_thought_of_whom():
    with Cluster() as cluster:
        director = cluster.director()
        director.wait("Director ready", 10)
        worker = cluster.worker("worker-a")
        director.wait("1 workers available", 15)
        director.send(signal.SIGUSR1)
        director.wait(r"member worker-a alive at 127\.0\.0\.1:\d+, incarnation \d+; silent for", 5)
        worker.kill()
        director.wait("NodeFailed: worker-a", 30)
        director.send(signal.SIGUSR1)
        director.wait(r"member worker-a dead .*; declared so by node-", 5)
        expect(director.end() == 0, f"the director failed{director.last_words()}")


def a_partition_is_told_and_so_is_its_end():
    """Two of four stand still, which nobody can tell from a cut."""
    with Cluster() as cluster:
        director = cluster.director()
        director.wait("Director ready", 10)
        workers = [cluster.worker(label) for label in ("worker-a", "worker-b", "worker-c")]
        director.wait("3 workers available", 15)
        for worker in workers[1:]:
            worker.send(signal.SIGSTOP)
        director.wait(r"PartitionDetected: 2 of 4 members are within reach \(half, with", 30)
        director.send(signal.SIGUSR1)
        director.wait(r"partition: 2 of 4 members", 5)
        for worker in workers[1:]:
            worker.send(signal.SIGCONT)
        director.wait("PartitionHealed: [34] of 4", 30)


def a_director_without_a_quorum_assigns_nobody():
    """All its workers stand still; the policy says that it is then not the one to choose."""
    with Cluster() as cluster:
        director = cluster.director(RPCNET_PARTITION_POLICY="keep-majority")
        director.wait("Director ready", 10)
        workers = [cluster.worker(label) for label in ("worker-a", "worker-b", "worker-c")]
        director.wait("3 workers available", 15)
        for worker in workers:
            worker.send(signal.SIGSTOP)
        director.wait(r"PartitionDetected: 1 of 4 members are within reach \(minority\)", 30)
        cluster.client("--prompt", "x")
        director.wait("no workers are chosen on this side of a partition", 10)
        for worker in workers:
            worker.send(signal.SIGCONT)
        director.wait("PartitionHealed", 30)
        director.wait("assigned worker-", 20)


CHECKS = {
    check.__name__: check
    for check in (
        a_worker_rejoins_when_all_seeds_are_gone,
        a_bad_snapshot_is_told_and_not_used,
        a_signal_shows_what_is_thought_of_whom,
        a_partition_is_told_and_so_is_its_end,
        a_director_without_a_quorum_assigns_nobody,
    )
}

if __name__ == "__main__":
    sys.exit(main(CHECKS))
