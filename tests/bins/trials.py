#!/usr/bin/env python3
"""The heavy trials, run by hand; each prints what it measured.

    RPCNET_BIN=build/bin tests/bins/trials.py [TRIAL...]

    kills             20 hard kills of the worker in use, each restarted on its address
    director_restart  the director killed and started again: who is back, and what streams noticed
    director_gone     the director killed, and then the worker in use
    both_gone         director and worker in use killed in the same moment, 5 times
    silent            the worker in use stopped (SIGSTOP): nothing tells the client but silence
    sixty             a director and 60 workers on this machine; 5 killed at once
    pause             SIGSTOP of a worker for 2 s and for 60 s
    failures          the cycle of simulated failures, by its lines and times
    garbage           10,000 garbage datagrams a second for 10 s
    loaded            half an hour beside a program that takes all processors
"""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from harness import (
    Cluster,
    Summary,
    assignments,
    expect,
    in_use,
    main,
)


def started(cluster, labels, *arguments):
    director = cluster.director()
    director.wait("Director ready", 10)
    workers = {label: cluster.worker(label, *arguments) for label in labels}
    director.wait(f"{len(labels)} workers available", 20)
    return director, workers


def seconds_until(condition, seconds, what):
    """How long it took until the condition held."""
    began = time.monotonic()
    while not condition():
        expect(time.monotonic() - began <= seconds, f"not within {seconds} s: {what}")
        time.sleep(0.02)
    return time.monotonic() - began


def kills(number=20):
    """Each victim serves again within 3 s of its restart: asked of it alone, by its own tag."""
    with Cluster() as cluster:
        labels = ["worker-a", "worker-b", "worker-c"]
        director = cluster.director()
        director.wait("Director ready", 10)
        workers = {label: cluster.worker(label, "--tag", f"only={label}") for label in labels}
        director.wait("3 workers available", 20)
        client = cluster.client()
        client.wait("total=5", 10)
        connection = assignments(director)[0][1]
        back = []
        for _ in range(number):
            label = in_use(director, connection)
            mark = client.mark()
            workers[label].kill()
            client.wait("direct connection established", 5, after=mark)
            client.wait("received token", 5, after=mark + 1)
            time.sleep(random.uniform(0.2, 2.0))
            restarted = time.monotonic()
            workers[label] = cluster.worker(label, "--tag", f"only={label}")
            probe = cluster.client("--tokens", 1, "--filter", f"only={label}")
            expect(probe.status(15) == 0, f"{label} does not serve again{probe.last_words()}")
            back.append(time.monotonic() - restarted)
            time.sleep(random.uniform(0.2, 1.0))
        status = client.end()
        summary = Summary(client)
        summary.expect_whole()
        expect(status == 0, f"exit status {status}")
        expect(summary.failovers == number, f"{number} kills, but {summary.text}")
        expect(summary.longest_gap_ms < 1000, summary.text)
        expect(max(back) < 3, f"served again after {max(back):.2f} s")
        return f"{summary.text}; serving again after {max(back):.2f} s at most"


def director_restart(number=5):
    labels = [f"worker-{letter}" for letter in "abcde"]
    with Cluster() as cluster:
        director, _ = started(cluster, labels, "--interval-ms", 50)
        client = cluster.client()
        client.wait("total=5", 10)
        times = []
        for _ in range(number):
            director.kill()
            time.sleep(random.uniform(0.1, 6.0))
            began = time.monotonic()
            director = cluster.director()
            director.wait("5 workers available", 15)
            times.append(time.monotonic() - began)
        expect(client.end() == 0, f"the client failed{client.last_words()}")
        summary = Summary(client)
        summary.expect_whole()
        expect(summary.failovers == 0, f"streams noticed: {summary.text}")
        expect(max(times) < 5, f"all back after {max(times):.2f} s")
        return f"{number} restarts, all back after {max(times):.2f} s at most; {summary.text}"


def director_gone():
    """The running stream goes on; a worker lost then is left for one known from before."""
    with Cluster() as cluster:
        director, workers = started(cluster, ["worker-a", "worker-b"])
        client = cluster.client()
        client.wait("total=5", 10)
        victim = in_use(director)
        director.kill()
        client.wait("total=15", 10)
        mark = client.mark()
        workers[victim].kill()
        client.wait("received token", 5, after=mark)
        client.wait("total=30", 15)
        expect(client.end() == 0, f"the client failed{client.last_words()}")
        summary = Summary(client)
        summary.expect_whole()
        expect(summary.failovers == 1 and summary.longest_gap_ms < 1000, summary.text)
        return summary.text


def both_gone(number=5):
    longest = []
    for _ in range(number):
        with Cluster() as cluster:
            director, workers = started(cluster, ["worker-a", "worker-b", "worker-c"])
            client = cluster.client()
            client.wait("total=5", 10)
            victim = in_use(director)
            mark = client.mark()
            director.popen.kill()
            workers[victim].popen.kill()
            client.wait("direct connection established", 5, after=mark)
            client.wait("received token", 5, after=mark + 1)
            time.sleep(1)
            expect(client.end() == 0, f"the client failed{client.last_words()}")
            summary = Summary(client)
            summary.expect_whole()
            expect(summary.failovers == 1 and summary.longest_gap_ms < 1000,
                   f"{summary.text}{client.last_words()}")
            longest.append(summary.longest_gap_ms)
    return f"{number} times, longest gaps in ms: {longest}"


def silent(number=5):
    with Cluster() as cluster:
        director, workers = started(cluster, ["worker-a", "worker-b", "worker-c"])
        client = cluster.client()
        client.wait("total=5", 10)
        for _ in range(number):
            mark = client.mark()
            stopped = workers[in_use(director)]
            stopped.send(signal.SIGSTOP)
            client.wait("direct connection established", 5, after=mark)
            client.wait("received token", 5, after=mark + 1)
            stopped.send(signal.SIGCONT)
            time.sleep(6)
        expect(client.end() == 0, f"the client failed{client.last_words()}")
        summary = Summary(client)
        summary.expect_whole()
        expect(summary.failovers == number and summary.longest_gap_ms < 1000, summary.text)
        return summary.text


def sixty(number=60, killed=5):
    with Cluster() as cluster:
        director = cluster.director()
        director.wait("Director ready", 10)
        began = time.monotonic()
        labels = [f"worker-{index:02}" for index in range(number)]
        workers = {label: cluster.worker(label) for label in labels}
        launched = time.monotonic() - began
        director.wait(f"{number} workers available", 60)

        def knows(worker):
            """Members heard of: NodeJoined of all others, the director among them."""
            return len({text for text in worker.texts() if "NodeJoined" in text})

        seconds_until(lambda: all(knows(worker) >= number for worker in workers.values()), 60,
                      "all know all")
        formed = time.monotonic() - began

        time.sleep(5)
        victims = random.sample(labels, killed)
        rest = [workers[label] for label in labels if label not in victims] + [director]
        for label in victims:
            workers[label].popen.kill()

        def failures(process):
            return {
                match.group(1)
                for match in (re.search(r"NodeFailed: (\S+)", text) for text in process.texts())
                if match
            }

        seen = seconds_until(
            lambda: all(set(victims) <= failures(process) for process in rest), 60,
            f"all {len(rest)} see the {killed} failed"
        )
        time.sleep(10)
        wrong = {process.label: failures(process) - set(victims) for process in rest}
        wrong = {label: falsely for label, falsely in wrong.items() if falsely}
        expect(not wrong, f"reported failed without reason: {wrong}")
        figures = (
            f"{number + 1} members know each other {formed:.1f} s after the first was launched "
            f"({formed - launched:.1f} s after the last); {killed} killed at once, seen by all "
            f"after {seen:.1f} s; no other reported failed"
        )
        expect(formed - launched < 10 and seen < 3, figures)
        return figures


def pause(short=2, long=60):
    with Cluster() as cluster:
        director, workers = started(cluster, ["worker-a", "worker-b", "worker-c"])
        others = [director, workers["worker-a"], workers["worker-b"]]
        paused = workers["worker-c"]
        for _ in range(3):
            paused.send(signal.SIGSTOP)
            time.sleep(short)
            paused.send(signal.SIGCONT)
            time.sleep(6)
        for other in others:
            expect(other.count("NodeFailed") == 0, f"{short} s were a failure{other.last_words()}")

        marks = [other.mark() for other in others]
        began = time.monotonic()
        paused.send(signal.SIGSTOP)
        for other, mark in zip(others, marks):
            other.wait("NodeFailed: worker-c", 20, after=mark)
        failed = time.monotonic() - began
        time.sleep(max(0, long - failed))
        expect(director.count("2 workers available", after=marks[0]) > 0, "not out of the pool")
        resumed = time.monotonic()
        paused.send(signal.SIGCONT)
        for other, mark in zip(others, marks):
            other.wait("NodeRecovered: worker-c", 20, after=mark)
        back = time.monotonic() - resumed
        director.wait("3 workers available", 10, after=marks[0])
        return (
            f"SIGSTOP of {short} s, three times: no failure; of {long} s: failed after "
            f"{failed:.1f} s, recovered {back:.1f} s after SIGCONT, same process"
        )


def failures():
    """10 s of work, the warning, 3 s, failed for 5 s, and again; a client meanwhile."""
    with Cluster() as cluster:
        director = cluster.director()
        director.wait("Director ready", 10)
        failing = cluster.worker("worker-a", WORKER_FAILURE_ENABLED="true")
        director.wait("1 workers available", 10)
        client = cluster.client()
        client.wait("total=5", 10)
        cluster.worker("worker-b")
        director.wait("2 workers available", 10)
        mark = director.mark()
        failing.wait("Worker failed!", 20)
        director.wait("1 workers available", 3, after=mark)
        mark = director.mark()
        failing.wait("Worker recovered", 10)
        director.wait("2 workers available", 3, after=mark)
        failing.wait("Worker failed!", 20, after=failing.mark())

        def at(pattern, number=0):
            return [when for when, text in failing.lines if re.search(pattern, text)][number]

        ready, warned, failed = at("ready to handle"), at("in 3 seconds"), at("Worker failed!")
        recovering, recovered = at("recovering"), at("recovered and ready to serve")
        again = at("Worker failed!", 1)
        spans = [warned - ready, failed - warned, recovering - failed, again - failed]
        for span, wanted in zip(spans, (10, 3, 5, 18)):
            expect(abs(span - wanted) < 0.5, f"{spans} instead of 10, 3, 5 and 18 s")
        expect(recovered >= recovering, "recovered before recovering")
        expect(client.count("simulated failure") == 1, f"not told so{client.last_words()}")
        expect(client.end() == 0, f"the client failed{client.last_words()}")
        summary = Summary(client)
        summary.expect_whole()
        expect(summary.failovers == 1 and summary.longest_gap_ms < 1000, summary.text)
        return (
            f"{spans[0]:.1f} s of work, warning {spans[1]:.1f} s before, {spans[2]:.1f} s failed, "
            f"{spans[3]:.1f} s in all; {summary.text}"
        )


def flood(port, per_second, seconds):
    """Datagrams of all kinds of nonsense, evenly spread. How many were sent."""
    kinds = [
        b"", b"\0", b"hello", random.randbytes(1200), random.randbytes(64),
        b"\xc0\0\0\0\x01\x08" + random.randbytes(1194),  # looks like an Initial
        b"\xc0\x1a\x2a\x3a\x4a\x08" + random.randbytes(1194),  # of a version that is none
        b"\x40" + random.randbytes(40),  # looks like a short header
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        began, sent = time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            while sent < passed * per_second:
                try:
                    sender.send(kinds[sent % len(kinds)])
                except ConnectionRefusedError:
                    pass
                sent += 1
            time.sleep(0.001)
        return sent


def cpu_seconds(process):
    fields = Path(f"/proc/{process.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def garbage(per_second=10_000, seconds=10):
    with Cluster() as cluster:
        director, workers = started(cluster, ["worker-a", "worker-b"], "--interval-ms", 50)
        client = cluster.client()
        client.wait("total=5", 10)
        target = in_use(director)
        before = cpu_seconds(workers[target])
        sent = []
        ports = (cluster.ports[target], cluster.port)
        floods = [
            threading.Thread(target=lambda port=port: sent.append(flood(port, per_second, seconds)))
            for port in ports
        ]
        for thread in floods:
            thread.start()
        for thread in floods:
            thread.join()
        burnt = cpu_seconds(workers[target]) - before
        expect(client.end() == 0, f"the client failed{client.last_words()}")
        summary = Summary(client)
        summary.expect_whole()
        for process in (director, *workers.values()):
            expect(process.alive(), f"ended{process.last_words()}")
            expect(process.count("NodeFailed") == 0, f"disturbed{process.last_words()}")
        expect(summary.failovers == 0, f"the stream was disturbed: {summary.text}")
        return (
            f"{' and '.join(map(str, sent))} datagrams in {seconds} s at worker and director; "
            f"{summary.text}; the worker used {burnt:.1f} s of CPU"
        )


def loaded(minutes=30, number=16):
    """Twice as many busy processes as processors, and nobody is failed; a client meanwhile."""
    labels = [f"worker-{index:02}" for index in range(number)]
    with Cluster() as cluster:
        director, workers = started(cluster, labels, "--interval-ms", 50)
        client = cluster.client()
        client.wait("total=5", 10)
        everybody = [director, *workers.values()]
        busy = [
            subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(2 * os.cpu_count())
        ]
        began = time.monotonic()
        most = 0.0
        try:
            while time.monotonic() - began < minutes * 60:
                time.sleep(1)
                most = max(most, os.getloadavg()[0])
                for process in everybody:
                    expect(process.alive(), f"ended{process.last_words()}")
                    expect(process.count("NodeFailed") == 0,
                           f"failed without reason after {time.monotonic() - began:.0f} s"
                           f"{process.last_words()}")
        finally:
            for process in busy:
                process.kill()
                process.wait()
        expect(client.end() == 0, f"the client failed{client.last_words()}")
        summary = Summary(client)
        summary.expect_whole()
        return (
            f"{len(everybody)} members and {len(busy)} busy processes on {os.cpu_count()} "
            f"processors for {minutes} min, load average up to {most:.0f}: no failure; "
            f"{summary.text}"
        )


CHECKS = {
    trial.__name__: trial
    for trial in (
        kills, director_restart, director_gone, both_gone, silent, sixty, pause, failures,
        garbage, loaded,
    )
}

if __name__ == "__main__":
    sys.exit(main(CHECKS))
