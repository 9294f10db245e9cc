#!/usr/bin/env python3
"""Servers that restart, and one that is slow, under load: what callers notice of it.

    RPCNET_BIN=build/bin tests/bins/resilience.py [CHECK...]

    rolling        three servers restarted one after the other: no call fails
    slow           one of three 50 times slower: p99 without help, hedged, and with it left alone
    rolling_long   as rolling, with 10,000 calls a second for 60 s; by hand
    slow_long      as slow, 2,000 calls a second for 20 s; by hand
"""

import re
import sys
import time

from harness import Process, environment, expect, free_port, main, test_certificates

RESULT = re.compile(
    r"load: calls=(\d+) failed=(\d+) rate=(\d+) p50_ms=(\S+) p90_ms=(\S+) p99_ms=(\S+)"
)


class Servers:
    """Three of `rpcnet echo`, and `rpcnet load` against them."""

    def __init__(self, delays_ms=(0, 0, 0)):
        self.delays = delays_ms
        self.ports = [free_port() for _ in delays_ms]
        self.running = {}
        self.others = []

    def __enter__(self):
        for number in range(len(self.ports)):
            self.start(number)
        return self

    def __exit__(self, *_):
        for process in [*self.running.values(), *self.others]:
            process.kill()

    def rpcnet(self, *arguments):
        return Process("rpcnet", arguments, env=environment(**test_certificates()))

    def start(self, number):
        server = self.rpcnet("echo", "--addr", f"127.0.0.1:{self.ports[number]}",
                             "--delay-ms", str(self.delays[number]))
        server.wait("echo: serving", 10)
        self.running[number] = server

    def restart(self, number):
        server = self.running.pop(number)
        server.end(10)
        expect(server.status(10) == 0, f"a server did not drain: {server.last_words()}")
        self.start(number)

    def load(self, rate, seconds, *arguments):
        targets = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        load = self.rpcnet("load", "--to", targets, "--rate", str(rate),
                           "--for-ms", str(int(seconds * 1000)), *arguments)
        self.others.append(load)
        return load


def result(load, seconds):
    load.wait("load: calls=", seconds)
    matches = [match for match in map(RESULT.search, load.texts()) if match]
    calls, failed, rate = (int(text) for text in matches[-1].groups()[:3])
    p90, p99 = (float(text) for text in matches[-1].groups()[4:6])
    return calls, failed, rate, p90, p99


def restarts(rate, seconds, times):
    with Servers() as servers:
        load = servers.load(rate, seconds)
        load.wait("calls/s", 10)
        for round_number in range(times):
            servers.restart(round_number % 3)
            time.sleep(seconds / (times + 2))
        calls, failed, achieved, _, p99 = result(load, seconds + 30)
        expect(failed == 0, f"{failed} of {calls} calls failed: {load.last_words()}")
        expect(calls >= rate * seconds * 0.99, f"{calls} calls; {rate * seconds} were due")
        return f"calls={calls} failed=0 rate={achieved} restarts={times} p99_ms={p99}"


def one_slow(rate, seconds):
    # The slow one is found after a quarter of a second: of a short run that is more than one call
    # of a hundred, so p90 is what ejection is judged by.
    figures, nine_of_ten = {}, {}
    for name, arguments in {
        "plain": (),
        "hedged": ("--safe", "--hedge-after-ms", "5"),
        "ejected": ("--eject-slower-than", "5"),
    }.items():
        with Servers((1, 50, 1)) as servers:
            load = servers.load(rate, seconds, *arguments)
            calls, failed, _, nine_of_ten[name], figures[name] = result(load, seconds + 30)
            expect(failed == 0, f"{failed} of {calls} calls failed")
    expect(figures["hedged"] < figures["plain"], f"hedging does not help: {figures}")
    expect(nine_of_ten["ejected"] < nine_of_ten["plain"] / 2, f"p90 with ejection: {nine_of_ten}")
    return " ".join(f"{name}_p99_ms={p99}" for name, p99 in figures.items())


if __name__ == "__main__":
    CHECKS = {
        "rolling": lambda: restarts(500, 6, 3),
        "slow": lambda: one_slow(200, 4),
    }
    LONG = {
        "rolling_long": lambda: restarts(10_000, 60, 6),
        "slow_long": lambda: one_slow(2_000, 20),
    }
    sys.exit(main({**CHECKS, **LONG} if set(sys.argv[1:]) & set(LONG) else CHECKS))
