#!/usr/bin/env python3
"""Certificates that do not fit: who says so, on both sides, and when a program gives up.

    RPCNET_BIN=build/bin tests/bins/identities.py [CHECK...]
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import (
    Cluster,
    Summary,
    certificate_variables,
    expect,
    main,
    make_certificates,
)


def nameless_certificate(authority, directory):
    """A certificate that our authority signed and that names no node: that of a client."""
    directory.mkdir()
    key, request, made = (directory / name for name in ("test_key.pem", "request", "test_cert.pem"))
    for command in (
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/CN=a client", "-keyout", str(key), "-out", str(request)],
        ["openssl", "x509", "-req", "-in", str(request), "-CA", str(authority / "ca_cert.pem"),
         "-CAkey", str(authority / "ca_key.pem"), "-days", "2", "-out", str(made)],
    ):
        run = subprocess.run(command, capture_output=True, text=True)
        expect(run.returncode == 0, f"openssl failed: {run.stderr}")


def complaint(process):
    """The one line that says why the program ended."""
    name = process.popen.args[0].rsplit("/", 1)[1]
    said = [text for text in process.texts() if text.startswith(f"{name}: ")]
    expect(len(said) == 1, f"{len(said)} lines of complaint{process.last_words()}")
    return said[0]


def strangers_are_told_why_and_give_up():
    """Of another authority, of another cluster: client and worker end by themselves, the director
    says whom it refused, and nobody else notices."""
    with tempfile.TemporaryDirectory() as holder:
        root = Path(holder)
        make_certificates(root / "ours")
        make_certificates(root / "authority")
        make_certificates(root / "cluster", "--authority", str(root / "ours"), "--cluster", "prod")
        strangers = {
            "authority": (certificate_variables(root / "authority"), "authority"),
            "cluster": (certificate_variables(root / "cluster", authority=root / "ours"), "prod"),
        }
        with Cluster(certificate_variables(root / "ours")) as cluster:
            director = cluster.director()
            director.wait("Director ready", 10)
            cluster.worker("worker-a", "--interval-ms", 50)
            director.wait("1 workers available", 10)
            client = cluster.client()
            client.wait("total=5", 10)

            began = time.monotonic()
            workers = {
                what: cluster.worker(f"stranger-{what}", **variables)
                for what, (variables, _) in strangers.items()
            }
            told = []
            for what, (variables, word) in strangers.items():
                stranger = cluster.client("--tokens", 1, **variables)
                expect(stranger.status(5) == 1, f"not status 1{stranger.last_words()}")
                said = complaint(stranger)
                expect(word in said and cluster.address in said, said)
                told.append(f"client of another {what}: {said}")
            anonymous = cluster.client("--anonymous", "dev", "--tokens", 2)
            expect(anonymous.status(10) == 0, f"refused{anonymous.last_words()}")
            for what, (_, word) in strangers.items():
                expect(workers[what].status(20) == 1, f"not status 1{workers[what].last_words()}")
                seconds = time.monotonic() - began
                expect(seconds > 9, f"gave up after {seconds:.1f} s only")
                said = complaint(workers[what])
                expect("every seed refuses" in said and word in said, said)
                expect(workers[what].count("seed refused, trying again") >= 1,
                       f"no warning meanwhile{workers[what].last_words()}")
                told.append(f"worker of another {what}, after {seconds:.0f} s: {said}")
            expect(director.count("refused .*: ") >= 2, f"no reason{director.last_words()}")
            expect(director.count("stranger") == 0, f"a stranger came in{director.last_words()}")
            expect(client.end() == 0, f"the client failed{client.last_words()}")
            summary = Summary(client)
            summary.expect_whole()
            expect(summary.failovers == 0, f"the stream was disturbed: {summary.text}")
            return "\n    ".join(["", *told])


def one_director_that_refuses_is_not_the_end():
    """Client and worker go on with the one that accepts them."""
    with tempfile.TemporaryDirectory() as holder:
        root = Path(holder)
        make_certificates(root / "ours")
        make_certificates(root / "others")
        with Cluster(certificate_variables(root / "others")) as strange, \
                Cluster(certificate_variables(root / "ours")) as cluster:
            strange.director().wait("Director ready", 10)
            director = cluster.director()
            director.wait("Director ready", 10)
            both = f"{strange.address},{cluster.address}"
            worker = cluster.worker("worker-a", DIRECTOR_ADDR=both)
            client = cluster.client("--tokens", 3, DIRECTOR_ADDR=both)
            expect(client.status(20) == 0, f"the client failed{client.last_words()}")
            Summary(client).expect_whole()
            worker.wait(f"seed refused, trying again: {strange.address}", 10)
            time.sleep(11)
            expect(worker.alive(), f"gave up{worker.last_words()}")
            expect(worker.end() == 0, f"the worker failed{worker.last_words()}")


def a_name_that_the_certificate_does_not_cover_ends_at_the_start():
    with tempfile.TemporaryDirectory() as holder:
        root = Path(holder)
        make_certificates(root, "--node", "worker-x")
        make_certificates(root)
        nameless_certificate(root, root / "client")
        with Cluster(certificate_variables(root, "worker-x")) as cluster:
            told = []
            for name, arguments, variables, words in (
                ("worker", ["--node", "worker-y"], {}, ["worker-y", "worker-x", "make-certs"]),
                ("director", ["--node", "director"], {}, ["director", "worker-x", "make-certs"]),
                ("worker", [], certificate_variables(root / "client", authority=root),
                 ["client/test_cert.pem", "no URI alternative name rpcnet://"]),
            ):
                process = (
                    cluster.worker("worker-y", *arguments, **variables) if name == "worker"
                    else cluster.director(*arguments, **variables)
                )
                expect(process.status(5) == 1, f"not status 1{process.last_words()}")
                said = complaint(process)
                for word in words:
                    expect(word in said, f"nothing of {word!r} in {said!r}")
                told.append(said)
            return "\n    ".join(["", *told])


CHECKS = {
    check.__name__: check
    for check in (
        strangers_are_told_why_and_give_up,
        one_director_that_refuses_is_not_the_end,
        a_name_that_the_certificate_does_not_cover_ends_at_the_start,
    )
}

if __name__ == "__main__":
    sys.exit(main(CHECKS))
