"""Runs director, worker and client as processes, with their output line by line and in time.

    with Cluster() as cluster:
        director = cluster.director()
        worker = cluster.worker("worker-a")
        director.wait("1 workers available", 10)

Everything that is started is killed at the end of the `with`. RPCNET_BIN names the directory of the
programs (build/bin).
"""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("RPCNET_BIN", ROOT / "build" / "bin"))
SUMMARY = re.compile(
    r"client: tokens=(\d+) gaps=(\d+) duplicates=(\d+) failovers=(\d+) longest_gap_ms=(\d+)$"
)


class Failure(Exception):
    """What was expected and did not come, with the last words of whom it was expected."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


_given = set()


def free_port():
    """A UDP port that nobody uses and that was not given before."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def environment(**changes):
    """Ours, without what would steer the programs."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RPCNET_", "WORKER_", "DIRECTOR_")) and name != "RUST_LOG"
    }
    clean.update({name: str(value) for name, value in changes.items()})
    return clean


class Process:
    """A program, both its outputs read as lines of one list: (seconds since start, text)."""

    def __init__(self, name, arguments=(), env=None, label=None, terminal=False, cwd=ROOT,
                 prefix=()):
        self.label = label or name
        self.lines = []
        self.changed = threading.Condition()
        self.began = time.monotonic()
        inner = None
        if terminal:
            outer, inner = pty.openpty()
        self.popen = subprocess.Popen(
            [*prefix, str(BIN / name), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=inner if terminal else subprocess.PIPE,
            stderr=inner if terminal else subprocess.STDOUT,
            env=env or environment(),
            cwd=cwd,
        )
        if terminal:
            os.close(inner)
        source = outer if terminal else self.popen.stdout.fileno()
        self.reader = threading.Thread(target=self._read, args=(source, terminal), daemon=True)
        self.reader.start()

    def _read(self, source, terminal):
        rest = b""
        while True:
            try:
                ready, _, _ = select.select([source], [], [], 60)
                part = os.read(source, 65536) if ready else None
            except OSError:  # a terminal whose last writer is gone
                part = b""
            if part is None:
                continue
            if not part:
                break
            now = time.monotonic() - self.began
            *whole, rest = (rest + part).split(b"\n")
            with self.changed:
                for line in whole:
                    self.lines.append((now, line.decode("utf-8", "replace").rstrip("\r")))
                self.changed.notify_all()
        with self.changed:
            if rest:
                self.lines.append((time.monotonic() - self.began, rest.decode("utf-8", "replace")))
            self.changed.notify_all()
        if terminal:
            os.close(source)

    def texts(self):
        with self.changed:
            return [text for _, text in self.lines]

    def mark(self):
        """A place in the output, for wait(after=...)."""
        with self.changed:
            return len(self.lines)

    def wait(self, pattern, seconds, after=0):
        """The first line from `after` on that has the pattern; its match."""
        until = time.monotonic() + seconds
        seen = after
        with self.changed:
            while True:
                for _, text in self.lines[seen:]:
                    match = re.search(pattern, text)
                    if match:
                        return match
                seen = len(self.lines)
                left = until - time.monotonic()
                gone = self.popen.poll() is not None and not self.reader.is_alive()
                if left <= 0 or gone:
                    raise Failure(
                        f"{self.label}: no line with {pattern!r} "
                        + ("before it ended" if gone else f"within {seconds} s")
                        + self.last_words()
                    )
                self.changed.wait(min(left, 0.2))

    def count(self, pattern, after=0):
        return sum(bool(re.search(pattern, text)) for text in self.texts()[after:])

    def last_words(self, number=12):
        return "".join(f"\n    {self.label}| {text}" for text in self.texts()[-number:])

    def alive(self):
        return self.popen.poll() is None

    def send(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """As by SIGKILL, and waits for it."""
        if self.alive():
            self.popen.kill()
        self.popen.wait()

    def end(self, seconds=10, number=signal.SIGTERM):
        """Sends the signal and gives the exit status."""
        if self.alive():
            self.send(number)
        return self.status(seconds)

    def status(self, seconds):
        try:
            status = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.label}: did not end within {seconds} s{self.last_words()}")
        self.reader.join(5)
        return status


class Summary:
    """The client's last line."""

    def __init__(self, client):
        texts = client.texts()
        match = SUMMARY.match(texts[-1]) if texts else None
        if not match:
            raise Failure(f"the client's last line is no summary{client.last_words()}")
        self.text = texts[-1]
        self.tokens, self.gaps, self.duplicates, self.failovers, self.longest_gap_ms = map(
            int, match.groups()
        )

    def expect_whole(self):
        expect(self.gaps == 0 and self.duplicates == 0, f"not whole: {self.text}")


class Cluster:
    """Processes on ports of their own, all ended at the end."""

    def __init__(self, certificates=None):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.processes = []
        self.ports = {}
        self.certificates = certificates or test_certificates()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()

    def start(self, name, *arguments, label=None, terminal=False, **variables):
        env = environment(**{**self.certificates, **variables})
        process = Process(name, arguments, env, label, terminal)
        self.processes.append(process)
        return process

    def director(self, *arguments, **variables):
        return self.start("director", *arguments, DIRECTOR_ADDR=self.address, **variables)

    def worker(self, label, *arguments, **variables):
        """Started again under the same label it has the same address."""
        port = self.ports.setdefault(label, None) or free_port()
        self.ports[label] = port
        return self.start(
            "worker",
            *arguments,
            label=label,
            **{
                "WORKER_LABEL": label,
                "WORKER_ADDR": f"127.0.0.1:{port}",
                "DIRECTOR_ADDR": self.address,
                **variables,
            },
        )

    def client(self, *arguments, **variables):
        return self.start("client", *arguments, **{"DIRECTOR_ADDR": self.address, **variables})


def make_certificates(directory, *arguments):
    made = subprocess.run(
        [str(ROOT / "scripts" / "make-certs"), "--out", str(directory), *arguments],
        capture_output=True,
        text=True,
    )
    expect(made.returncode == 0, f"make-certs failed: {made.stderr}")


_certificates = None


def test_certificates():
    """Variables that name one authority and its any-node certificate, made once a run."""
    global _certificates
    if _certificates is None:
        holder = tempfile.TemporaryDirectory(prefix="rpcnet-certs-")
        make_certificates(holder.name)
        _certificates = holder
    return certificate_variables(_certificates.name)


def certificate_variables(directory, stem="test", authority=None):
    directory = Path(directory)
    return {
        "RPCNET_CERT": directory / f"{stem}_cert.pem",
        "RPCNET_KEY": directory / f"{stem}_key.pem",
        "RPCNET_CA": Path(authority or directory) / "ca_cert.pem",
    }


ASSIGNED = re.compile(r"assigned (\S+) at \S+ to (\S+)")


def assignments(director):
    """(label, connection) in the order in which the director assigned them."""
    matches = (ASSIGNED.search(text) for text in director.texts())
    return [match.groups() for match in matches if match]


def in_use(director, connection=None):
    """The label that was assigned last, to this connection."""
    labels = [label for label, of in assignments(director) if connection in (None, of)]
    return labels[-1] if labels else None


def main(checks):
    """Runs the checks named on the command line, or all; prints one line for each."""
    chosen = sys.argv[1:] or list(checks)
    unknown = [name for name in chosen if name not in checks]
    if unknown:
        print(f"unknown: {' '.join(unknown)}; known are: {' '.join(checks)}", file=sys.stderr)
        return 64
    failed = 0
    for name in chosen:
        began = time.monotonic()
        try:
            figures = checks[name]() or ""
            verdict = "ok"
        except Failure as failure:
            verdict, figures = "FAILED", str(failure)
            failed += 1
        print(f"{verdict:6} {name} ({time.monotonic() - began:.1f} s) {figures}", flush=True)
    return 1 if failed else 0
