#!/usr/bin/env python3
"""The cluster chapter's four terminals: what is printed, hard kill, restart, drain.

    RPCNET_BIN=build/bin tests/bins/chapter.py [CHECK...]
"""

import re
import signal
import sys

from harness import Cluster, Summary, assignments, expect, in_use, main

DIRECTOR = [
    '🎯 Starting Director at {director}',
    '📁 Loading certificates from "{certificate}"',
    '✅ Director registered itself in cluster',
    '✅ Cluster enabled - Director is now discoverable',
    '🔄 Load balancing strategy: LeastConnections',
    '📊 Worker pool status: 0 workers available',
    '🚀 Director ready - listening on {director}',
]
POOL = [
    '📊 Worker pool status: 2 workers available',
    '   - worker-a at {a} (0 connections)',
    '   - worker-b at {b} (0 connections)',
]
WORKER = [
    "👷 Starting Worker 'worker-a' at {a}",
    "🔌 Binding server to {a}...",
    "✅ Server bound successfully",
    "🌐 Enabling cluster, connecting to director at {director}...",
    "✅ Cluster enabled, connected to director",
    "🏷️  Tagging worker with role=worker and label=worker-a...",
    "✅ Worker 'worker-a' joined cluster with role=worker",
    "🚀 Worker 'worker-a' is running and ready to handle requests",
]
CLIENT = [
    '📡 Starting Client - connecting to director at {director}',
    '✅ connected to director',
    '🔀 director assigned worker - establishing direct connection',
    '✅ direct connection established to worker',
    '📤 creating request stream',
    '🌊 stream opened successfully, starting to consume responses',
    '📦 received token (sequence=1, text="token-1", total=1)',
    '📦 received token (sequence=2, text="token-2", total=2)',
]


def plain(line):
    """Without the symbol: the first word, unless it is indented text."""
    return line if line.startswith("   ") else re.sub(r"^\S+ +", "", line)


def expect_lines(process, expected, names, terminal):
    """These lines, one after the other, with nothing between."""
    wanted = [line.format(**names) for line in expected]
    if not terminal:
        wanted = [plain(line) for line in wanted]
    process.wait(re.escape(wanted[-1]), 10)
    texts = process.texts()
    found = any(texts[i : i + len(wanted)] == wanted for i in range(len(texts)))
    expect(found, f"{process.label}: not these lines: {wanted}{process.last_words(20)}")


def four_terminals(terminal):
    with Cluster() as cluster:
        director = cluster.start("director", terminal=terminal, DIRECTOR_ADDR=cluster.address,
                                 RUST_LOG="info", TERM="xterm")
        director.wait("Director ready", 10)
        a = cluster.worker("worker-a", RUST_LOG="info", TERM="xterm", terminal=terminal)
        cluster.worker("worker-b", RUST_LOG="info", TERM="xterm", terminal=terminal)
        names = {
            "director": cluster.address,
            "certificate": cluster.certificates["RPCNET_CERT"],
            "a": f"127.0.0.1:{cluster.ports['worker-a']}",
            "b": f"127.0.0.1:{cluster.ports['worker-b']}",
        }
        expect_lines(director, DIRECTOR, names, terminal)
        expect_lines(director, POOL, names, terminal)
        expect_lines(a, WORKER, names, terminal)
        client = cluster.client("--tokens", 10, terminal=terminal, RUST_LOG="info", TERM="xterm")
        expect(client.status(10) == 0, f"the client failed{client.last_words()}")
        expect_lines(client, CLIENT, names, terminal)
        summary = Summary(client)
        summary.expect_whole()
        expect(summary.tokens == 10 and summary.failovers == 0, summary.text)
        return summary.text


def prints_what_the_chapter_shows_on_a_terminal():
    return four_terminals(terminal=True)


def prints_the_same_without_symbols_elsewhere():
    return four_terminals(terminal=False)


def started(cluster, labels, *arguments):
    director = cluster.director()
    director.wait("Director ready", 10)
    workers = {label: cluster.worker(label, *arguments) for label in labels}
    director.wait(f"{len(labels)} workers available", 15)
    return director, workers


def moves_on_after_a_hard_kill_and_takes_the_worker_back():
    """Also the chapter's restart test."""
    with Cluster() as cluster:
        director, workers = started(cluster, ["worker-a", "worker-b"], "--interval-ms", 100)
        client = cluster.client()
        client.wait("total=5", 10)
        victim = in_use(director)
        survivor = workers["worker-b" if victim == "worker-a" else "worker-a"]
        status = workers[victim].end(number=signal.SIGINT)
        expect(status == -signal.SIGINT, f"ended by Ctrl+C with status {status}")
        mark, client_mark = director.mark(), client.mark()
        client.wait("received token", 5, after=client_mark)
        director.wait("1 workers available", 15, after=mark)
        director.wait(f"NodeFailed: {victim}", 20, after=mark)
        expect(director.count("NodeLeft") == 0, f"said farewell{director.last_words()}")
        survivor.wait(f"NodeFailed: {victim}", 20)
        mark = director.mark()
        cluster.worker(victim, "--interval-ms", 100)
        director.wait("2 workers available", 10, after=mark)
        client.end(number=signal.SIGINT)
        summary = Summary(client)
        summary.expect_whole()
        expect(client.popen.returncode == 0, f"exit status {client.popen.returncode}")
        expect(summary.failovers == 1, summary.text)
        expect(summary.longest_gap_ms < 1000, summary.text)
        return summary.text


def drains_on_sigterm():
    """No stream is cut: the client goes on at the next token, and the others see NodeLeft."""
    with Cluster() as cluster:
        director, workers = started(cluster, ["worker-a", "worker-b"], "--interval-ms", 100)
        client = cluster.client("--tokens", 40)
        client.wait("total=5", 10)
        victim = in_use(director)
        other = workers["worker-b" if victim == "worker-a" else "worker-a"]
        status = workers[victim].end(10)
        expect(status == 0, f"exit status {status}{workers[victim].last_words()}")
        other.wait(f"NodeLeft: {victim}", 5)
        expect(client.status(20) == 0, f"the client failed{client.last_words()}")
        expect(other.count("NodeFailed") == 0, f"reported failed{other.last_words()}")
        summary = Summary(client)
        summary.expect_whole()
        expect(summary.failovers == 1 and summary.longest_gap_ms < 1000, summary.text)
        expect(client.count("draining") == 1, f"not told of draining{client.last_words()}")
        expect(director.end(10) == 0, f"the director did not end well{director.last_words()}")
        return summary.text


def joins_a_director_that_comes_later():
    with Cluster() as cluster:
        worker = cluster.worker("worker-a")
        client = cluster.client("--tokens", 3)
        worker.wait("Enabling cluster", 5)
        client.wait("trying on", 10)
        cluster.director()
        worker.wait("is running and ready", 15)
        expect(client.status(15) == 0, f"the client failed{client.last_words()}")


def routes_by_strategy_and_tag():
    with Cluster() as cluster:
        director = cluster.director("--strategy", "round-robin")
        director.wait("strategy: RoundRobin", 10)
        cluster.worker("worker-a", "--tag", "gpu=true")
        cluster.worker("worker-b", "--tag", "zone=eu-1")
        director.wait("2 workers available", 15)
        for _ in range(4):
            expect(cluster.client("--tokens", 1).status(10) == 0, "a client failed")
        turns = [label for label, _ in assignments(director)]
        expect(turns in (["worker-a", "worker-b"] * 2, ["worker-b", "worker-a"] * 2), f"{turns}")
        for _ in range(2):
            status = cluster.client("--tokens", 1, "--filter", "gpu=true").status(10)
            expect(status == 0 and in_use(director) == "worker-a", "not the one with gpu=true")
        nobody = cluster.client("--filter", "gpu=true,zone=eu-1")
        nobody.wait("no worker", 5)
        director.wait("no worker for", 5)


def ends_well_without_a_director():
    with Cluster() as cluster:
        worker = cluster.worker("worker-a")
        worker.wait("connecting to director", 5)
        expect(worker.end(6) == 0, f"not well{worker.last_words()}")
        client = cluster.client()
        client.wait("trying on", 5)
        expect(client.end(3) == 0, f"not well{client.last_words()}")
        expect(Summary(client).tokens == 0, client.last_words())


CHECKS = {
    check.__name__: check
    for check in (
        prints_what_the_chapter_shows_on_a_terminal,
        prints_the_same_without_symbols_elsewhere,
        moves_on_after_a_hard_kill_and_takes_the_worker_back,
        drains_on_sigterm,
        joins_a_director_that_comes_later,
        routes_by_strategy_and_tag,
        ends_well_without_a_director,
    )
}

if __name__ == "__main__":
    sys.exit(main(CHECKS))
